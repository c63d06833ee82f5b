/** The plan that turns the staged deployment into what boots next. */
import { AtomicError } from "../errors.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { HostState } from "./host-state.ts";
import type { Step } from "./plan.ts";
import { mergeSource, nameOf, removals } from "./plan-deploy.ts";
import { type Occasion, specOf } from "./plan-reorder.ts";
import { applyRetention, retained, withFirst } from "./retention.ts";

/**
 * Plans to finish, at shutdown, what was staged: `/etc` is merged once more, for what changed since.
 * @throws AtomicError nothing-to-do when nothing is staged
 */
export function planFinalize(state: HostState, occasion: Occasion, retain: number): Step[] {
  const staged = state.deployments.find((deployment) => deployment.staged);
  if (staged === undefined) throw new AtomicError("nothing-to-do", "finalizing: nothing is staged");
  const deployment = nameOf(staged);
  const source = mergeSource(state, staged.stateroot);
  const all = retained(state);
  const fresh = all[state.deployments.indexOf(staged)]!;
  const { keep, drop } = applyRetention({ order: withFirst(all, fresh), stateroot: staged.stateroot, retain });
  const event: HistoryEvent = {
    ...occasion,
    action: "finalize",
    ...(source === undefined ? {} : { from: source.id }),
    to: staged.id,
    ...specOf(staged),
  };
  return [
    { kind: "install-kernel", deployment },
    ...(source === undefined ? [] : [{ kind: "merge-etc-again", deployment, mergeFrom: nameOf(source) } as const]),
    { kind: "switch-boot", order: keep },
    { kind: "unstage" },
    { kind: "record-event", stateroot: staged.stateroot, event },
    ...removals([...drop, ...state.leftovers]),
  ];
}
