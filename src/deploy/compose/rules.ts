/**
 * What makes an installed Debian root a host tree, as data: what is dropped, what moves, what links where, and why.
 *
 * Paths are relative to the tree's root; a `*` stands for any run of characters within the last part. A path that is
 * not there is passed over. docs/images.md explains the outcome.
 */

/**
 * `remove`: the path itself; `empty`: all below it; `files`: all below it but the directories;
 * `write`: the file's content, if its directory is there.
 */
export interface CleanupRule {
  action: "remove" | "empty" | "files" | "write";
  path: string;
  content?: string;
  why: string;
}

/** What installing packages leaks of the build machine; applied before the compose file's own files are added. */
export const INSTALL_LEFTOVERS: readonly CleanupRule[] = [
  { action: "remove", path: "etc/hostname", why: "the build machine's name" },
  { action: "remove", path: "etc/resolv.conf", why: "the build machine's resolver; tmpfiles makes the link" },
  { action: "remove", path: "etc/.resolv.conf.systemd-resolved.bak", why: "the build machine's resolver" },
  {
    action: "remove",
    path: "etc/apt/sources.list",
    why: "names the build machine's mirror; packages come with the image",
  },
  { action: "remove", path: "etc/apt/apt.conf.d/99mmdebstrap", why: "settings of the build" },
];

/** Applied to every tree, in this order, before anything moves. */
export const CLEANUP: readonly CleanupRule[] = [
  {
    action: "empty",
    path: "dev",
    why: "the kernel mounts devtmpfs there; nodes made for the build are not the host's",
  },
  { action: "empty", path: "proc", why: "a mount point" },
  { action: "empty", path: "sys", why: "a mount point" },
  { action: "empty", path: "run", why: "a tmpfs on the host" },
  { action: "empty", path: "tmp", why: "left over from the build" },
  { action: "empty", path: "var/tmp", why: "left over from the build" },
  { action: "remove", path: "vmlinuz*", why: "links into /boot, which is not the image's" },
  { action: "remove", path: "initrd.img*", why: "links into /boot, which is not the image's" },
  {
    action: "write",
    path: "etc/machine-id",
    content: "uninitialized\n",
    why: "every host makes its own at first boot",
  },
  { action: "remove", path: "var/lib/dbus/machine-id", why: "tmpfiles links it to /etc/machine-id" },
  { action: "remove", path: "var/lib/systemd/random-seed", why: "a seed that many hosts share is none" },
  { action: "remove", path: "var/lib/systemd/credential.secret", why: "every host makes its own" },
  { action: "remove", path: "etc/ssh/ssh_host_*", why: "a key that many hosts share proves nothing" },
  { action: "remove", path: "etc/.pwd.lock", why: "a lock file" },
  { action: "remove", path: "etc/passwd-", why: "a backup made while packages were installed" },
  { action: "remove", path: "etc/group-", why: "a backup made while packages were installed" },
  { action: "remove", path: "etc/shadow-", why: "a backup made while packages were installed" },
  { action: "remove", path: "etc/gshadow-", why: "a backup made while packages were installed" },
  { action: "remove", path: "etc/subuid-", why: "a backup made while packages were installed" },
  { action: "remove", path: "etc/subgid-", why: "a backup made while packages were installed" },
  { action: "files", path: "var/log", why: "logs of the build" },
  { action: "files", path: "var/cache", why: "caches differ from build to build and are made again" },
  { action: "files", path: "var/lib/apt/lists", why: "package lists, old by the time the host boots" },
  { action: "files", path: "var/backups", why: "backups of the build" },
  { action: "remove", path: "var/lib/dpkg/*-old", why: "backups of the package database" },
  { action: "remove", path: "var/lib/dpkg/lock*", why: "lock files" },
  { action: "remove", path: "var/lib/dpkg/available", why: "what the mirror had, not what the image has" },
  { action: "remove", path: "var/lib/dpkg/triggers/Lock", why: "a lock file" },
  { action: "remove", path: "var/lib/ucf/*.0", why: "backups" },
  { action: "files", path: "var/lib/systemd/catalog", why: "a binary database that systemd makes again at boot" },
  {
    action: "remove",
    path: "usr/lib/tmpfiles.d/home.conf",
    why: "/home and /srv are links here; their directories are below /var",
  },
];

/**
 * State below /var/lib that describes the image and not the host: it stays read-only in the image at
 * /usr/lib/sysimage, so that it is always that of the booted deployment, and tmpfiles links its old place to it.
 */
export const SYSIMAGE: readonly { path: string; why: string }[] = [
  { path: "dpkg", why: "the package database; package diffs read usr/lib/sysimage/dpkg/status" },
  { path: "apt/extended_states", why: "which packages were installed only as dependencies" },
  { path: "pam", why: "which PAM profiles the packages set up" },
  { path: "ucf", why: "the packages' original configuration files" },
  { path: "python", why: "which Python versions the packages set up" },
  { path: "shells.state", why: "which shells the packages added" },
  { path: "systemd/deb-systemd-helper-enabled", why: "which units the packages enabled" },
  { path: "systemd/deb-systemd-user-helper-enabled", why: "which user units the packages enabled" },
];

/** Toplevel directories that become links into /var; what the image has in them is in /var at first boot. */
export const TOPLEVEL_LINKS: readonly { path: string; target: string; why: string }[] = [
  { path: "home", target: "var/home", why: "people's files outlive every deployment" },
  { path: "root", target: "var/roothome", why: "root's files as well" },
  { path: "srv", target: "var/srv", why: "what the host serves is data" },
  { path: "opt", target: "var/opt", why: "software the operator adds" },
  { path: "mnt", target: "var/mnt", why: "the operator's mount points must be made somewhere writable" },
];

/** Directories every host tree has, with their modes; all but /usr are mount points or empty. */
export const TOPLEVEL_DIRECTORIES: readonly { path: string; mode: number; why: string }[] = [
  { path: "boot", mode: 0o755, why: "the boot partition, or the sysroot's" },
  { path: "dev", mode: 0o755, why: "devtmpfs" },
  { path: "etc", mode: 0o755, why: "the deployment's own copy of /usr/etc is bound there" },
  { path: "proc", mode: 0o555, why: "proc" },
  { path: "run", mode: 0o755, why: "tmpfs" },
  { path: "sys", mode: 0o555, why: "sysfs" },
  { path: "sysroot", mode: 0o755, why: "the physical root" },
  { path: "tmp", mode: 0o1777, why: "tmpfs" },
  { path: "usr", mode: 0o755, why: "the image" },
  { path: "var", mode: 0o755, why: "the stateroot's /var" },
];
