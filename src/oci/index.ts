/** OCI images: references, sources, layers, and the images of the store. */
export type { ImageConfig, RunConfig } from "./image-config.ts";
export { findImage, fullName, imageOfCommit, listImages, removeImage, type StoredImage, tagImage } from "./images.ts";
export { imageTip, type ImageTip } from "./image-tip.ts";
export { absoluteReference, isImageReference } from "./reference.ts";
export { pullHostImage, pullImage, type PulledImage, type PullImageOptions } from "./pull-image.ts";
export { pruneStore } from "./prune-store.ts";
