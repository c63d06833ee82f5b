/** A host that `grub` starts. */
import { testWholeLife } from "./whole-life.ts";

testWholeLife("grub");
