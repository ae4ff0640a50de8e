package io.ovenet.agent;

import io.ovenet.datapath.AddressKey;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.EndpointRef;
import io.ovenet.datapath.EndpointTable;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.datapath.Revisions;

/** What the packet path decides by, and the steering thread writes. */
public record Tables(
    Table<PolicyKey, PolicyValue> policies,
    Table<Integer, Integer> classes,
    Table<IpcacheKey, IpcacheValue> ipcache,
    Table<AddressKey, EndpointRef> endpointsByAddress,
    EndpointTable endpoints,
    Revisions revisions) {

  /** Those of the kernel. */
  public static Tables of(Datapath datapath) {
    return new Tables(
        new KernelTable<>(
            "policy_map",
            "raise ovenet-policy-entries and restart the node's agent, or use fewer rules",
            datapath.policies()),
        new KernelTable<>(
            "class_map", "delete pods or labels that make many identities", datapath.classes()),
        new KernelTable<>("ipcache", "use fewer CIDR prefixes", datapath.ipcache()),
        new KernelTable<>(
            "endpoint_by_address", "delete pods of this node", datapath.endpointsByAddress()),
        datapath.endpoints(),
        datapath.revisions());
  }
}
