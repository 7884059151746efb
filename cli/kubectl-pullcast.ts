import { start } from "./start.ts";

void start("kubectl pullcast");
