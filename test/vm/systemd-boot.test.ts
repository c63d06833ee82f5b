/** A host that `systemd-boot` starts. */
import { testWholeLife } from "./whole-life.ts";

testWholeLife("systemd-boot");
