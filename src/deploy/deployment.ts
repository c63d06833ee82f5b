/** A deployment as the host sees it. */
import type { InstalledEntry } from "../bootloader/index.ts";
import type { DeploymentName } from "./deployment-id.ts";
import type { Origin } from "./origin.ts";

export interface Deployment extends DeploymentName {
  /** `<commit>.<serial>`. */
  id: string;
  origin: Origin;
  /** Absent while the deployment is staged. */
  entry?: InstalledEntry;
  /** What the machine runs now. */
  booted: boolean;
  /** Waits to be finalized at shutdown. */
  staged: boolean;
  /** What the next boot starts, unless it is the booted one. */
  pending: boolean;
  /** All its boot attempts are used up, and it is not what runs. */
  failed: boolean;
  /** What `rollback` returns to. */
  rollback: boolean;
}
