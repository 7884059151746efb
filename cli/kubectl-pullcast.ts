import { main } from "./main.ts";

await main("kubectl pullcast");
