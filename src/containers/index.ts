/** Containers: their configuration, networks and state. */
export { createNetwork, removeNetwork } from "./network/manage.ts";
export { NETWORK_STORE, readNetworks } from "./network/network-store.ts";
export { formatSubnet } from "./network/subnet.ts";
