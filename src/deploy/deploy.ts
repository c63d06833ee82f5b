import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { absoluteReference, isImageReference } from "../oci/index.ts";
import type { Progress } from "../progress.ts";
import { chooseStateroot } from "./default-stateroot.ts";
import { type HostState, loadHostState } from "./host-state.ts";
import { pullImageSpec } from "./image-spec.ts";
import { type DeployResult, makeDeployment, type MakeOptions, type MakeRequest } from "./make-deployment.ts";
import { nextOf } from "./plan-deploy.ts";
import { bundleSpec, pullRemote, remoteSpec } from "./remote-spec.ts";
import { openSource, pullCommit, resolveSpec } from "./resolve-spec.ts";
import { stagesByDefault } from "./stages-by-default.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

export interface DeployOptions extends MakeOptions {
  /** A ref, a commit, or what is pulled even for a dry run: `REMOTE:REF`, `bundle:FILE`, or an image such as `docker://HOST/NAME:TAG`. */
  spec: string;
  stateroot?: string;
  /** Another directory with a store, or with a sysroot, that has the commit. */
  from?: string;
  /** Accept what is older than what the remote showed before. */
  allowDowngrade?: boolean;
  progress?: Progress;
  /** The kernel's command line; that of this machine without it. */
  commandLine?: string;
}

/**
 * Makes a deployment of `spec` that boots next. A commit leaves the ref that upgrades follow as it is.
 * @throws AtomicError nothing-to-do when that is what boots next already; not-found, invalid, no-space, locked, read-only
 */
export async function deploy(sysroot: Sysroot, options: DeployOptions): Promise<DeployResult> {
  return deployAs(sysroot, options, "deploy");
}

/**
 * Like `deploy`, and upgrades follow `spec` from now on.
 * @throws AtomicError as `deploy` does
 */
export async function rebase(sysroot: Sysroot, options: DeployOptions): Promise<DeployResult> {
  return deployAs(sysroot, options, "rebase");
}

async function deployAs(sysroot: Sysroot, given: DeployOptions, action: "deploy" | "rebase"): Promise<DeployResult> {
  return withSysrootLock(sysroot, async () => {
    const options = { ...given, ...(await wholeSpec(sysroot, given.spec)) };
    const state = loadHostState(sysroot, options.commandLine);
    const stateroot = chooseStateroot(sysroot, state, options.stateroot);
    const source = options.from === undefined ? undefined : openSource(sysroot, options.from);
    const pulled = source === undefined ? await pullSpec(sysroot, options) : undefined;
    const resolved =
      pulled === undefined ? resolveSpec(source ?? sysroot.repo, options.spec) : { ...pulled, ref: options.spec };
    const previous = nextOf(state, stateroot)?.origin;
    const keepsRef = action === "deploy" && resolved.ref === undefined && previous !== undefined;
    const request: MakeRequest = {
      ...options,
      stage: options.stage ?? stagesByDefault(sysroot, state),
      stateroot,
      commit: resolved.commit,
      spec: keepsRef ? previous.spec : (resolved.ref ?? resolved.commit),
      action,
      ...(source === undefined ? {} : { from: source.path }),
      ...(pulled === undefined ? {} : { signature: pulled.signature }),
    };
    if (isCurrent(state, request)) {
      throw new AtomicError("nothing-to-do", `deploying ${options.spec}: ${resolved.commit} is what boots next`);
    }
    if (source !== undefined && options.dryRun === true) return makeDeployment(sysroot, state, { ...request, source });
    if (source !== undefined) {
      await pullCommit(sysroot, source, {
        resolved,
        stateroot,
        ...(options.progress === undefined ? {} : { progress: options.progress }),
      });
    }
    return makeDeployment(sysroot, state, request);
  });
}

/** A spec as upgrades follow it, from any directory. */
async function wholeSpec(sysroot: Sysroot, spec: string): Promise<{ spec: string; bundle?: string }> {
  if (isImageReference(spec)) return { spec: absoluteReference(spec) };
  return (await bundleSpec(sysroot, spec)) ?? { spec };
}

/** Pulls what a spec names elsewhere; undefined when it is something of the store. */
async function pullSpec(
  sysroot: Sysroot,
  { bundle, ...options }: DeployOptions & { bundle?: string },
): Promise<{ commit: Checksum; signature: string } | undefined> {
  if (isImageReference(options.spec)) return pullImageSpec(sysroot, options.spec, options);
  const remote = remoteSpec(sysroot, options.spec, bundle);
  return remote === undefined ? undefined : pullRemote(sysroot, remote, options);
}

/** True when what boots next, or is staged, is this already. */
function isCurrent(
  state: HostState,
  request: { stateroot: string; commit: Checksum; spec: string } & MakeOptions,
): boolean {
  const first = state.deployments[0];
  const edits = Object.values(request.kargs ?? {}).some((list) => list.length > 0);
  const same =
    first?.stateroot === request.stateroot && first.commit === request.commit && first.origin.spec === request.spec;
  return same && !edits && (!first.staged || request.stage === true);
}
