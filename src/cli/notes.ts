/** Things worth saying once, on standard error. */
import type { Terminal } from "./terminal.ts";
import { hang, printable } from "./width.ts";

/** Writes a note in full; in a file it stays one line. */
export function writeNote({ stderr }: Terminal, message: string): void {
  const lines = hang("note: ", printable(message), stderr.isTerminal ? stderr.columns : Infinity);
  stderr.write(`${stderr.colors.yellow(lines.join("\n"))}\n`);
}

/** What to say of the device, where it is the slow one and nobody asked for it; once a command. */
export function slowDeviceNote(device: string, asked: string | undefined): string | undefined {
  const byChoice = asked !== undefined && asked !== "auto";
  return device.startsWith("wasm") && !byChoice
    ? "running on the WASM runtime, about 5 times slower; `attune doctor` says what to install"
    : undefined;
}

/** The same, said. */
export function noteSlowDevice(terminal: Terminal, device: string, asked: string | undefined): void {
  const note = slowDeviceNote(device, asked);
  if (note !== undefined) writeNote(terminal, note);
}
