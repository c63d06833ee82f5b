/**
 * From a container's configuration to the launch program that starts it.
 *
 * The program has two sides. The host's side opens what is on the host and makes the container's first process; that
 * process sets up everything around itself, waits if it is asked to, and becomes the container's program. What could
 * be redirected by an image or by another container is reached through descriptors that were opened before.
 */
import {
  CLONE_NEWCGROUP,
  CLONE_NEWNET,
  CLONE_NEWUSER,
  createAssembler,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  O_RDWR,
  PR_SET_DUMPABLE,
  type Program,
  SIGCHLD,
  type Slot,
} from "../../linux/index.ts";
import { NO_PROCESS, type Process } from "../spec/process.ts";
import { become } from "./become.ts";
import { closeFd, makePipe, openHost, type PipeSlots } from "./calls.ts";
import type { LaunchContext } from "./context.ts";
import { newKeyring } from "./credentials.ts";
import { allDevices, type HostDevice, makeDeviceLinks, makeDevices, mountDevices, openHostDevices } from "./devices.ts";
import { checkProgram, enterDirectory } from "./execute.ts";
import { enterGroups, openGroups } from "./groups.ts";
import { awaitHostHooks, openNothing, prepareHooks, runContainerHooks } from "./hooks.ts";
import { becomeMappedRoot, raiseLoopback, setNames, writeSysctls } from "./identity.ts";
import { setOomScore, setRlimits } from "./limits.ts";
import { maskPaths, protectPaths } from "./masked-paths.ts";
import { makeMounts, openSources } from "./mounts.ts";
import {
  joinNamespaces,
  makeTimeNamespace,
  type NamespacePlan,
  openNamespaces,
  planNamespaces,
  writeIdMaps,
} from "./namespaces.ts";
import { blockSignals, type Captured, watch } from "./monitor.ts";
import { planMounts, type PlannedMount } from "./plan-mounts.ts";
import { reportFailure, reportPid, reportReady } from "./report.ts";
import { type LaunchRequest, reportFd } from "./request.ts";
import { attachRoot, changeRoot, openRoot, separateRoot } from "./rootfs.ts";
import { inContainer, makeDirectories } from "./targets.ts";
import { controlTerminal, masterFd, mountConsole, sendTerminal } from "./terminal.ts";

interface Plan {
  namespaces: NamespacePlan;
  mounts: PlannedMount[];
  process: Process;
  /** Nodes cannot be made in a user namespace: the host's are mounted. */
  hostDevices?: HostDevice[];
}

/** @throws AtomicError invalid, not-found, unsupported: what cannot be started is known before anything is done */
export function compileLaunch(request: LaunchRequest): Program {
  const { config } = request;
  const plan: Plan = {
    namespaces: planNamespaces(config.linux?.namespaces),
    mounts: planMounts(config, request.rootfs),
    process: config.process ?? NO_PROCESS,
  };
  const asm = createAssembler();
  const [fail, first] = [asm.label("fail"), asm.label("first process")];
  asm.failTo(fail);
  asm.step("opening /proc");
  const proc = openHost(asm, "/proc", O_PATH | O_DIRECTORY);
  const context: LaunchContext = { asm, request, fail, proc };

  const opened = openOnHost(context, plan);
  if (request.monitor !== undefined) blockSignals(asm);
  asm.step("making the container's first process");
  const pid = asm.slot();
  asm.call("clone", [plan.namespaces.clone | SIGCHLD, 0, 0, 0, 0], { store: pid, onZero: first });
  reportPid(asm, reportFd(request), pid);
  if (opened.mapped !== undefined) releaseMapped(context, pid, opened.mapped);
  if (request.monitor === undefined) {
    asm.step("leaving the container alone");
    asm.call("exit_group", [0]);
  } else watch(context, pid, request.monitor, opened.captured);

  asm.place(first);
  for (const { stream, write } of opened.captured) {
    if (write === undefined) continue;
    asm.step(`redirecting stream ${stream}`);
    asm.call("dup3", [write, stream, 0]);
  }
  setUp(context, plan, opened);
  finish(context, plan, opened);

  asm.place(fail);
  reportFailure(asm, reportFd(request));
  return asm.finish();
}

interface Opened {
  root: Slot;
  /** From `openGroups`. */
  groups: Slot[];
  /** Where the first process waits, and reports after that. */
  fifos?: { start: Slot; report: Slot };
  /** The host's /dev/null, for hooks. */
  nothing?: Slot;
  /** Streams that go to the log. */
  captured: Captured[];
  /** Pipe through which the first process learns that its IDs are mapped. */
  mapped?: PipeSlots;
}

function openOnHost(context: LaunchContext, plan: Plan): Opened {
  const { asm, request } = context;
  const root = openRoot(context);
  openSources(context, plan.mounts);
  const groups = openGroups(context);
  const captured = request.monitor?.log === true ? capture(context) : [];
  sendTerminal(context);
  const nothing = openNothing(context);
  const opened: Opened = { root, groups, captured, ...(nothing === undefined ? {} : { nothing }) };
  if (request.fifos !== undefined) {
    const { start, report } = request.fifos;
    asm.step(`opening ${start} and ${report}`);
    opened.fifos = { start: openHost(asm, start, O_RDWR), report: openHost(asm, report, O_RDWR) };
  }
  const isMapped = (plan.namespaces.clone & CLONE_NEWUSER) !== 0;
  if (isMapped || request.hostNodes === true) plan.hostDevices = openHostDevices(context, nodes(context));
  if (isMapped) {
    asm.step("making a pipe");
    opened.mapped = makePipe(asm);
  }
  openNamespaces(context, plan.namespaces);
  if (plan.namespaces.time) makeTimeNamespace(context, request.config.linux?.timeOffsets);
  return opened;
}

/** What goes to the log: both streams, or what comes out of the terminal. */
function capture({ asm, request }: LaunchContext): Captured[] {
  if (request.terminal !== undefined) return [{ stream: 1, read: asm.slot(BigInt(masterFd(request))) }];
  asm.step("making pipes");
  return [1, 2].map((stream) => ({ stream, ...makePipe(asm) }));
}

function releaseMapped(context: LaunchContext, pid: Slot, { write }: PipeSlots): void {
  const { asm, request } = context;
  const { uidMappings = [], gidMappings = [] } = request.config.linux ?? {};
  asm.step("writing the ID maps");
  writeIdMaps(asm, pid, { uid: uidMappings, gid: gidMappings });
  asm.step("telling the first process that its IDs are mapped");
  asm.call("write", [write, asm.text("+"), 1]);
}

function nodes({ request }: LaunchContext): ReturnType<typeof allDevices> {
  const { mounts = [], linux } = request.config;
  const dev = mounts.find(({ destination }) => inContainer(destination) === "dev");
  const isBind = dev?.type === "bind" || dev?.options?.some((option) => option === "bind" || option === "rbind");
  return isBind === true ? [] : allDevices(linux?.devices ?? []);
}

/** In the first process: everything that does not depend on who it will be. */
function setUp(context: LaunchContext, plan: Plan, { root, groups, mapped, fifos, nothing }: Opened): void {
  const { asm, request } = context;
  const { config } = request;
  if (mapped !== undefined) waitForMap(context, mapped);
  enterGroups(context, groups);
  if (plan.namespaces.cgroup) {
    asm.step("making a cgroup namespace");
    asm.call("unshare", [CLONE_NEWCGROUP]);
  }
  joinNamespaces(context, plan.namespaces);
  asm.step("making a session");
  asm.call("setsid", [], { onError: "ignore" });
  controlTerminal(context);
  newKeyring(context);
  if ((plan.namespaces.clone & CLONE_NEWNET) !== 0) raiseLoopback(context);
  setNames(context);
  writeSysctls(context);
  setOomScore(context, plan.process.oomScoreAdj);
  asm.step("hiding from debuggers");
  asm.call("prctl", [PR_SET_DUMPABLE, 0, 0, 0, 0]);
  asm.call("umask", [0]);

  if (plan.namespaces.sharesMounts) separateRoot(context, root);
  else attachRoot(context, root);
  makeMounts(context, root, plan.mounts);
  if (plan.hostDevices === undefined) makeDevices(context, root, nodes(context));
  else mountDevices(context, root, plan.hostDevices);
  if (nodes(context).length > 0) makeDeviceLinks(context, root, hasTerminals(plan.mounts));
  mountConsole(context, root);
  protectPaths(context, root, config.linux?.readonlyPaths ?? []);
  maskPaths(context, root, config.linux?.maskedPaths ?? []);
  asm.step(`making the directory ${plan.process.cwd}`);
  makeDirectories(asm, root, inContainer(plan.process.cwd));
  awaitHostHooks(context, fifos?.start);
  runContainerHooks(context, prepareHooks(context, "createContainer", nothing));
  changeRoot(context, root, plan.namespaces.sharesMounts);
}

function waitForMap(context: LaunchContext, { read, write }: PipeSlots): void {
  const { asm } = context;
  asm.step("waiting for the ID maps");
  const [result, ready, lost] = [asm.slot(), asm.label("ready"), asm.label("lost")];
  closeFd(asm, write);
  asm.call("read", [read, asm.bytes(Buffer.alloc(8)), 1], { store: result, onZero: lost });
  asm.jump(ready);
  asm.place(lost);
  asm.step("ending: nobody mapped the IDs");
  asm.call("exit_group", [1]);
  asm.place(ready);
  closeFd(asm, read);
  becomeMappedRoot(context);
}

function hasTerminals(mounts: readonly PlannedMount[]): boolean {
  return mounts.some(({ mount }) => mount.type === "devpts");
}

/** In the first process: waits if asked to, gives up what it shall not have, and executes the program. */
function finish(context: LaunchContext, { process }: Plan, { fifos, nothing }: Opened): void {
  const { asm, request } = context;
  setRlimits(context);
  enterDirectory(context, process.cwd);
  if (fifos !== undefined) {
    if (process.args !== undefined) checkProgram(context, process);
    reportReady(asm, reportFd(request));
    asm.step("waiting to be started");
    asm.call("dup3", [fifos.report, reportFd(request), O_CLOEXEC]);
    closeFd(asm, fifos.report);
    asm.call("read", [fifos.start, asm.bytes(Buffer.alloc(8)), 1]);
  }
  const hooks = prepareHooks(context, "startContainer", nothing);
  const beforeProgram = () => runContainerHooks(context, hooks);
  become(context, process, { init: request.init ?? false, beforeProgram });
}
