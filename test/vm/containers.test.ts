/** Containers on a host with systemd and control groups of version 2 alone. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { run } from "../../src/spawn.ts";
import { BUSYBOX } from "../support/busybox.ts";
import { writeBusyboxImage } from "../support/busybox-image.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { copyOfDisk, type Disk } from "./disk.ts";
import { type VmImages, vmImages, vmUnmet } from "./images.ts";
import { dataDrive, type Machine, startMachine } from "./machine.ts";

const test = suite("vm/containers", vmUnmet() ?? unmet({ files: [BUSYBOX] }));
const PROGRAMS = ["cat", "dd", "echo", "ls", "mknod", "nc", "readlink", "sh", "sleep", "true"];
/** Mounts, groups and interfaces that containers leave behind. */
const LEFTOVERS =
  "findmnt --noheadings --output TARGET | grep /run/atomic/bundles; ls /sys/fs/cgroup/atomic 2>/dev/null | grep -E '^[0-9a-f]{64}$'; " +
  "ip -brief link show type veth; systemctl --no-pager --no-legend list-units 'atomic-web*'";

let images: VmImages;
let disk: Disk;
let drives: string[];
let machine: Machine | undefined;
test.before(async () => {
  images = await vmImages();
  disk = copyOfDisk(images.disks["systemd-boot"]);
  drives = dataDrive(driveOfImage(), "images");
  machine = await startMachine({ disk, devices: drives });
  await machine.expect("systemctl is-system-running --wait || true");
});
test.after(async () => machine?.kill());

/** A filesystem with the layout of an image in it. */
function driveOfImage(): string {
  const [directory, drive] = [join(tempDir(), "images"), join(tempDir(), "images.ext4")];
  mkdirSync(directory);
  writeBusyboxImage(join(directory, "box"), PROGRAMS);
  run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", directory, drive, "32M"]);
  return drive;
}

function running(): Machine {
  if (machine === undefined) throw new Error("the test before left no machine running");
  return machine;
}

test("runs a container of an image on a drive, within its limits", async () => {
  const guest = running();
  await guest.expect("mkdir /run/images && mount -o ro /dev/disk/by-id/virtio-images /run/images");
  await guest.expect("atomic pull oci:/run/images/box --name box");
  const limits = "cd /sys/fs/cgroup && cat memory.max pids.max cpu.max && readlink /proc/self/ns/cgroup";
  const [memory, pids, cpu, namespace] = (
    await guest.expect(`atomic run --rm --memory=64m --pids-limit=33 --cpus=0.5 box sh -c '${limits}'`)
  ).split("\n");
  assert.equal([memory, pids, cpu], [String(64 << 20), "33", "50000 100000"]);
  assert.is.not(namespace, await guest.expect("readlink /proc/self/ns/cgroup"));
});

test("says that memory ran out", async () => {
  const guest = running();
  const hog = "dd if=/dev/zero of=/dev/shm/x bs=1M count=60";
  const { status } = await guest.shell(`atomic run --name=hog --memory=16m --memory-swap=16m box ${hog}`);
  assert.is(status, 137);
  assert.match(await guest.expect("atomic ps --all"), /hog .*memory/);
  await guest.expect("atomic rm hog");
});

test("refuses a device that nobody gave it", async () => {
  const made = "mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg";
  const { status, output } = await running().shell(`atomic run --rm --cap-add=MKNOD box sh -c '${made}'`);
  assert.is(status, 1);
  assert.match(output, /not permitted/);
});

test("stops processes where they are, and runs programs beside them", async () => {
  const guest = running();
  await guest.expect("atomic run -d --name=sleeper box sleep 1000 && atomic pause sleeper");
  const group = "/sys/fs/cgroup/atomic/$(atomic inspect sleeper --json | grep -oE '[0-9a-f]{64}' | head -n 1)";
  assert.is(await guest.expect(`grep frozen ${group}/cgroup.events`), "frozen 1");
  await guest.expect("atomic unpause sleeper");
  assert.is(await guest.expect("atomic exec sleeper echo inside"), "inside");
  await guest.expect("atomic stop --time=1 sleeper && atomic rm sleeper");
});

test("publishes ports, and lets containers find each other by name", async () => {
  const guest = running();
  await guest.expect("atomic run -d --name=server -p 8080:80 box nc -ll -p 80 -e /bin/echo hello");
  assert.is(await guest.expect("atomic run --rm box sh -c 'nc server 80 </dev/null'"), "hello");
  assert.is(await guest.expect("bash -c 'cat </dev/tcp/127.0.0.1/8080'"), "hello");
  await guest.expect("atomic rm --force server");
});

test("shows the host to a super-privileged container", async () => {
  const inside = "cat /proc/1/comm && ls /host/usr/bin/atomic";
  assert.is(
    await running().expect(`atomic run --rm --spc --yes box sh -c '${inside}'`),
    "systemd\n/host/usr/bin/atomic",
  );
});

test("is a unit of systemd, which logs it, starts it again and stops it", async () => {
  const guest = running();
  const program = "sh -c 'echo started; exec sleep 1000'";
  await guest.expect(`atomic run -d --unit --name=web --memory=64m --restart=on-failure:3 box ${program}`);
  assert.is(await guest.expect("systemctl is-active atomic-web"), "active");
  const group = "/sys/fs/cgroup$(systemctl show --value --property ControlGroup atomic-web)";
  assert.is(await guest.expect(`cat ${group}/container/memory.max`), String(64 << 20));
  assert.is(await guest.expect("atomic logs web"), "started");

  await guest.expect(`kill -KILL $(cat ${group}/container/cgroup.procs)`);
  await guest.expect("until [ $(atomic logs web | wc -l) = 2 ]; do sleep 1; done");
  assert.is(await guest.expect("systemctl is-active atomic-web"), "active");
  assert.match(await guest.expect("atomic ps"), /web .*running/);

  await guest.expect("atomic stop --time=1 web");
  assert.is((await guest.shell("systemctl is-active atomic-web")).output, "inactive");
  assert.match(await guest.expect("atomic ps --all"), /web .*exited/);
  await guest.expect("atomic start web && systemctl is-active atomic-web");
  await guest.expect("systemctl stop atomic-web");
  assert.match(await guest.expect("atomic ps --all"), /web .*exited/);
  await guest.expect("atomic start web && atomic rm --force web");
  assert.is((await guest.shell(LEFTOVERS)).output, "");
});

test("starts a unit after a boot that should always run", async () => {
  const guest = running();
  await guest.expect("atomic run -d --unit --name=web --restart=always box sleep 1000");
  await guest.restart();
  machine = await startMachine({ disk, devices: drives });
  await machine.expect("systemctl is-system-running --wait || true");
  assert.is(await machine.expect("systemctl is-active atomic-web"), "active");
  await machine.expect("atomic rm --force web");
  assert.is((await machine.shell(LEFTOVERS)).output, "");
});
