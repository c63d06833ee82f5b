/**
 * Every verb: its one-line summary and the module that holds it.
 *
 * Modules are imported only when their verb runs: a start-up loads oclif and one use case, not the whole program.
 */
import type { VerbClass } from "./base.ts";

export interface Verb {
  summary: string;
  load(): Promise<{ default: VerbClass }>;
}

/** oclif's name for a verb: its words joined by colons. */
export function commandId(words: string): string {
  return words.replaceAll(" ", ":");
}

/** The words that group verbs. */
export const TOPICS: Record<string, string> = {
  host: "The host: deploy, upgrade, roll back, inspect",
  remote: "Remotes: the servers to pull from, and the keys that vouch for them",
  network: "Networks of containers: create, list, remove",
  repo: "The tree store: commit, inspect, check and copy trees",
};

/** The verbs, by the words that call them. */
export const VERBS: Record<string, Verb> = {
  compose: { summary: "Build a host tree from a file, and commit it", load: () => import("./compose.ts") },
  completion: { summary: "Print a completion script for bash, zsh or fish", load: () => import("./completion.ts") },

  cp: { summary: "Copy files into a container or out of it", load: () => import("./cp.ts") },
  diff: { summary: "List what a container changed of its image", load: () => import("./diff.ts") },
  exec: { summary: "Run another program in a container", load: () => import("./exec.ts") },
  images: { summary: "List the images of the store", load: () => import("./images.ts") },
  info: { summary: "Show an image's labels and what they ask for", load: () => import("./info.ts") },
  inspect: { summary: "Show everything known of a container or image", load: () => import("./inspect.ts") },
  install: { summary: "Run LABEL INSTALL of an image", load: () => import("./install.ts") },
  kill: { summary: "Send a signal to a container", load: () => import("./kill.ts") },
  logs: { summary: "Show what a container printed", load: () => import("./logs.ts") },
  pause: { summary: "Stop a container where it is", load: () => import("./pause.ts") },
  port: { summary: "Show which ports lead to a container", load: () => import("./port.ts") },
  ps: { summary: "List containers", load: () => import("./ps.ts") },
  pull: { summary: "Bring an image into the store", load: () => import("./pull.ts") },
  rename: { summary: "Give a container another name", load: () => import("./rename.ts") },
  restart: { summary: "Stop a container and start it again", load: () => import("./restart.ts") },
  rm: { summary: "Remove a container", load: () => import("./rm.ts") },
  rmi: { summary: "Remove images", load: () => import("./rmi.ts") },
  run: { summary: "Run a container of an image", load: () => import("./run.ts") },
  settle: { summary: "Clean up after a container's end", load: () => import("./settle.ts") },
  start: { summary: "Start a container again", load: () => import("./start.ts") },
  stats: { summary: "Show what containers use", load: () => import("./stats.ts") },
  stop: { summary: "End a container", load: () => import("./stop.ts") },
  tag: { summary: "Give an image another name", load: () => import("./tag.ts") },
  top: { summary: "List the processes of a container", load: () => import("./top.ts") },
  uninstall: { summary: "Run LABEL UNINSTALL of an image", load: () => import("./uninstall.ts") },
  unpause: { summary: "Let a paused container go on", load: () => import("./unpause.ts") },
  wait: { summary: "Wait for a container to end", load: () => import("./wait.ts") },

  "host bless": { summary: "Mark this boot as good", load: () => import("./host/bless.ts") },
  "host cleanup": { summary: "Remove what nothing needs", load: () => import("./host/cleanup.ts") },
  "host deploy": { summary: "Make a tree what boots next", load: () => import("./host/deploy.ts") },
  "host diff": { summary: "Compare two deployments or commits", load: () => import("./host/diff.ts") },
  "host etc": { summary: "Show what merging /etc did", load: () => import("./host/etc/report.ts") },
  "host etc diff": { summary: "Show what you changed in /etc", load: () => import("./host/etc/diff.ts") },
  "host etc log": { summary: "List the snapshots of /etc", load: () => import("./host/etc/log.ts") },
  "host etc restore": { summary: "Give a file of /etc back what it held", load: () => import("./host/etc/restore.ts") },
  "host finalize": { summary: "Finish what was staged; run at shutdown", load: () => import("./host/finalize.ts") },
  "host give-up": { summary: "Restart from a boot that is not good", load: () => import("./host/give-up.ts") },
  "host health": { summary: "Run the health checks", load: () => import("./host/health.ts") },
  "host history": { summary: "List what was deployed when", load: () => import("./host/history.ts") },
  "host init": { summary: "Make a directory the root of a host", load: () => import("./host/init.ts") },
  "host install": { summary: "Install a host to a disk", load: () => import("./host/install.ts") },
  "host kargs": { summary: "Show or change kernel arguments", load: () => import("./host/kargs.ts") },
  "host mount": { summary: "Mount a deployment as it would boot", load: () => import("./host/mount.ts") },
  "host pin": { summary: "Keep a deployment through every cleanup", load: () => import("./host/pin.ts") },
  "host rebase": { summary: "Follow another ref", load: () => import("./host/rebase.ts") },
  "host remove-stateroot": {
    summary: "Remove the data of a stateroot without deployments",
    load: () => import("./host/remove-stateroot.ts"),
  },
  "host reset": { summary: "Return /etc and /var to what the image brings", load: () => import("./host/reset.ts") },
  "host rollback": { summary: "Return to the previous deployment", load: () => import("./host/rollback.ts") },
  "host soft-reboot": {
    summary: "Restart into what boots next without the kernel",
    load: () => import("./host/soft-reboot.ts"),
  },
  "host status": { summary: "List the deployments", load: () => import("./host/status.ts") },
  "host undeploy": { summary: "Remove a deployment", load: () => import("./host/undeploy.ts") },
  "host unlock": { summary: "Make /usr writable until the next reboot", load: () => import("./host/unlock.ts") },
  "host unmount": { summary: "Unmount a deployment", load: () => import("./host/unmount.ts") },
  "host unpin": { summary: "Let a pinned deployment go", load: () => import("./host/unpin.ts") },
  "host upgrade": { summary: "Deploy the newest tree of the ref followed", load: () => import("./host/upgrade.ts") },
  "host verify": { summary: "Check what the boot relies on", load: () => import("./host/verify.ts") },

  "network create": { summary: "Make a network for containers", load: () => import("./network/create.ts") },
  "network list": { summary: "List networks and who is on them", load: () => import("./network/list.ts") },
  "network reload": { summary: "Restore the firewall for networks", load: () => import("./network/reload.ts") },
  "network remove": { summary: "Remove a network nobody is on", load: () => import("./network/remove.ts") },

  "remote add": { summary: "Name a server to pull from, and its keys", load: () => import("./remote/add.ts") },
  "remote keys add": { summary: "Accept one more key of a remote", load: () => import("./remote/keys/add.ts") },
  "remote keys remove": { summary: "Accept a key no longer", load: () => import("./remote/keys/remove.ts") },
  "remote list": { summary: "List the remotes and their keys", load: () => import("./remote/list.ts") },
  "remote refs": { summary: "List what a remote offers", load: () => import("./remote/refs.ts") },
  "remote remove": { summary: "Forget a remote", load: () => import("./remote/remove.ts") },

  "repo apply-delta": { summary: "Make a commit from a delta file", load: () => import("./repo/apply-delta.ts") },
  "repo bundle": { summary: "Write a commit to a file for hosts to pull", load: () => import("./repo/bundle.ts") },
  "repo cat": { summary: "Print a file of a tree", load: () => import("./repo/cat.ts") },
  "repo checkout": { summary: "Write a tree out as plain files", load: () => import("./repo/checkout.ts") },
  "repo commit": { summary: "Store a directory as a commit", load: () => import("./repo/commit.ts") },
  "repo delta": { summary: "Make a delta between two commits", load: () => import("./repo/delta.ts") },
  "repo diff": { summary: "List what differs between two trees", load: () => import("./repo/diff.ts") },
  "repo dump": { summary: "Print a tree in the composefs text form", load: () => import("./repo/dump.ts") },
  "repo export": { summary: "Write commits to an OSTree repository", load: () => import("./repo/export.ts") },
  "repo fsck": { summary: "Check a store, and repair it from another", load: () => import("./repo/fsck.ts") },
  "repo image": { summary: "Write the mountable image of a commit", load: () => import("./repo/image.ts") },
  "repo init": { summary: "Make an empty store", load: () => import("./repo/init.ts") },
  "repo keygen": { summary: "Make a pair of keys to sign with", load: () => import("./repo/keygen.ts") },
  "repo log": { summary: "List a commit and its ancestors", load: () => import("./repo/log.ts") },
  "repo ls": { summary: "List files of a tree", load: () => import("./repo/ls.ts") },
  "repo prune": { summary: "Remove objects that nothing needs", load: () => import("./repo/prune.ts") },
  "repo pull": { summary: "Copy a commit from another store", load: () => import("./repo/pull.ts") },
  "repo push": { summary: "Bring a published store to where it is served", load: () => import("./repo/push.ts") },
  "repo refs": { summary: "List, make or delete refs", load: () => import("./repo/refs.ts") },
  "repo seal": { summary: "Let the kernel check every read of an object", load: () => import("./repo/seal.ts") },
  "repo serve": { summary: "Offer a published store over HTTP", load: () => import("./repo/serve.ts") },
  "repo sign": { summary: "Vouch for a commit with a key", load: () => import("./repo/sign.ts") },
  "repo summary": { summary: "Publish a store for others to pull from", load: () => import("./repo/summary.ts") },
  "repo show": { summary: "Show a commit", load: () => import("./repo/show.ts") },
};
