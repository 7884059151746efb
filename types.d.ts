/** Node programs are shell files; the bundler and vitest load them as text. */
declare module "*.sh" {
  const text: string;
  export default text;
}
