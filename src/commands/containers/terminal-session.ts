/** Using a container's terminal from this process's own: what is typed goes in, what is shown comes out. */
import { read as readCallback, write as writeCallback } from "node:fs";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { close, isTerminal, makeRaw, setWindowSize } from "../../linux/index.ts";
import { writeStdout } from "../output.ts";
import { ownWindowSize } from "./own-window-size.ts";

const read = promisify(readCallback);
const write = promisify(writeCallback);

const BUFFER = 16 * 1024;
/** What a terminal's user types for the end of the input. */
const END_OF_INPUT = Buffer.from("\u0004");
const REOPENED_MS = 20;

/**
 * Connects a container's terminal with this process's standard streams while `ended` is pending. Its user's end is closed
 * afterwards, or when this process dies: then the container's programs see it hung up.
 * @param master the user's end
 * @param input whether standard input goes in
 * @returns what `ended` resolves to, once all output is shown
 */
export async function useTerminal<T>(master: number, input: boolean, ended: Promise<T>): Promise<T> {
  const session = { over: false };
  const resize = () => {
    const size = ownWindowSize();
    if (size !== undefined) setWindowSize(master, size);
  };
  process.on("SIGWINCH", resize);
  const restore = becomeWindow(input);
  const stopInput = input ? forwardInput(master) : () => undefined;
  const shown = showOutput(master, session);
  try {
    return await ended;
  } finally {
    session.over = true;
    await shown;
    stopInput();
    restore();
    process.off("SIGWINCH", resize);
    close(master);
  }
}

/** Makes this process's terminal show what the container's does and nothing else. @returns what undoes it */
function becomeWindow(input: boolean): () => void {
  const fd = [0, 1].find((stream) => isTerminal(stream));
  if (fd === undefined) return () => undefined;
  const undo = makeRaw(fd, input && fd === 0);
  return () => {
    try {
      undo();
    } catch {
      // it is gone, and with it its modes
    }
  };
}

/** While no program has the terminal open there is nothing to read; that ends when the next one opens it. */
async function showOutput(master: number, session: { over: boolean }): Promise<void> {
  const buffer = Buffer.alloc(BUFFER);
  let visible = true;
  for (;;) {
    const count = await read(master, buffer, 0, BUFFER, null).then(
      ({ bytesRead }) => bytesRead,
      () => 0,
    );
    if (count === 0 && session.over) return;
    if (count === 0) await sleep(REOPENED_MS);
    else if (visible) visible = show(buffer.subarray(0, count));
  }
}

/** @returns false when nobody sees it any more */
function show(bytes: Buffer): boolean {
  try {
    writeStdout(bytes);
    return true;
  } catch {
    return false;
  }
}

/** @returns what gives standard input back */
function forwardInput(master: number): () => void {
  const { stdin } = process;
  let last = Promise.resolve();
  const send = (bytes: Buffer) => {
    stdin.pause();
    last = last.then(() => writeAll(master, bytes)).finally(() => stdin.resume());
  };
  const finish = () => void (last = last.then(() => writeAll(master, END_OF_INPUT)));
  stdin.on("data", send);
  stdin.on("end", finish);
  return () => {
    stdin.off("data", send);
    stdin.off("end", finish);
    stdin.pause();
    stdin.unref();
  };
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) at += (await write(fd, bytes, at)).bytesWritten;
  } catch {
    // the container's programs are gone: its end is about to be known
  }
}
