/**
 * From a command line to an exit status.
 */
import { EXIT } from "../errors.ts";
import { findTopic, findVerb, unknownVerb } from "./find-verb.ts";
import { isForUsers, usersRun } from "./for-users.ts";
import { OutputClosed } from "./output.ts";
import { reportError } from "./report-error.ts";
import { commandId, VERBS } from "./table.ts";
import { asUsageError } from "./usage-error.ts";

/** Runs the program with `argv` (without the program's own name) and returns its exit status. Never throws. */
export async function runCli(argv: string[]): Promise<number> {
  const end = argv.indexOf("--");
  const options = end === -1 ? argv : argv.slice(0, end);
  try {
    try {
      return await dispatch(argv, options.includes("--help"));
    } catch (error) {
      if (error instanceof OutputClosed) return EXIT.done;
      return reportError(error, options.includes("--json"));
    }
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT.failed;
    throw error;
  }
}

async function dispatch(argv: string[], help: boolean): Promise<number> {
  if (argv[0] === "__complete") {
    const { printCompletions } = await import("./complete/print-completions.ts");
    return printCompletions(argv.slice(2));
  }
  const call = findVerb(argv);
  if (call !== undefined && !help) {
    if (isForUsers(call.words, call.argv)) (await import("./rootless.ts")).runAsUser();
    const { default: VerbCommand } = await VERBS[call.words]!.load();
    VerbCommand.id = commandId(call.words);
    try {
      return (await VerbCommand.runWith(call.argv)) ?? EXIT.done;
    } catch (error) {
      throw asUsageError(error, call.words);
    } finally {
      const run = usersRun();
      if (run !== undefined) (await import("./rootless.ts")).leaveUserNamespace(run);
    }
  }
  const subject = call?.words ?? findTopic(argv);
  if (subject === undefined && argv.length > 0 && argv[0] !== "--help") throw unknownVerb(argv);
  const { showHelp } = await import("./help.ts");
  await showHelp(subject);
  return EXIT.done;
}
