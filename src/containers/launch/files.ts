/** Names of the files in a container's state directory. */

/** Written by the monitor when the container has ended: `{"exitCode":  0}`. */
export const EXIT_FILE = "exit.json";
/** What the container printed, in frames. */
export const LOG_FILE = "log";
/** The frames before those. */
export const OLD_LOG_FILE = "log.1";
/** A container that was created waits for a byte in this FIFO. */
export const START_FIFO = "start";
/** After that byte, what goes wrong before the program takes over comes out of this FIFO; then its end. */
export const REPORT_FIFO = "report";
/** The launch program of a container that waits: whoever starts it finds in it what a report means. */
export const PROGRAM_FILE = "program";
