#!/bin/bash
# Puts what mounts a deployment into the initramfs.

check() {
  require_binaries mount umount modprobe reboot fsverity
}

depends() {
  echo systemd fs-lib
}

installkernel() {
  hostonly='' instmods loop erofs overlay ext4 xfs btrfs
}

install() {
  inst_multiple mount umount modprobe mkdir sleep sync reboot fsverity
  inst_script /usr/lib/atomic/mount-root
  inst_simple "$moddir/atomic-root.service" "$systemdsystemunitdir/atomic-root.service"
  $SYSTEMCTL -q --root "$initdir" add-wants initrd-root-fs.target atomic-root.service
}
