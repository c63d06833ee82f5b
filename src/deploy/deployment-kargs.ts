/** The kernel arguments by which the initramfs finds a deployment and checks its image; see docs/boot.md. */
import { hasKarg, kargKey } from "../bootloader/index.ts";
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { DEPLOYMENT_KARG, deploymentId, type DeploymentName } from "./deployment-id.ts";

export const IMAGE_KARG = "atomic.image";
/** Of the keys that are ours, what an operator may set. */
const FOR_OPERATORS = ["atomic.verity=require", "atomic.debug"];

/** What an entry says of its deployment, after all other arguments: `atomic.image=<digest> atomic=<stateroot>/<id>`. */
export function deploymentKargs(name: DeploymentName, image: Checksum): string[] {
  return [`${IMAGE_KARG}=${image}`, `${DEPLOYMENT_KARG}=${name.stateroot}/${deploymentId(name)}`];
}

/** `kargs` of an entry without what `deploymentKargs` added. */
export function withoutDeploymentKargs(kargs: readonly string[]): string[] {
  return kargs.filter((karg) => ![IMAGE_KARG, DEPLOYMENT_KARG].includes(kargKey(karg)));
}

/** @throws AtomicError usage when one of `kargs` is ours to write */
export function checkOperatorKargs(kargs: readonly string[]): void {
  const reserved = kargs.find((karg) => isOurs(kargKey(karg)) && !hasKarg(FOR_OPERATORS, karg));
  if (reserved === undefined) return;
  const allowed = FOR_OPERATORS.join(" and ");
  throw new AtomicError(
    "usage",
    `changing kernel argument '${reserved}': of atomic's own, only ${allowed} may be set`,
    {
      hint: "atomic host rollback",
    },
  );
}

function isOurs(key: string): boolean {
  return key === DEPLOYMENT_KARG || key.startsWith(`${DEPLOYMENT_KARG}.`);
}
