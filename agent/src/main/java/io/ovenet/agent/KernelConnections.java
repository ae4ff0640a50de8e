package io.ovenet.agent;

import io.ovenet.bpf.BpfMap;
import io.ovenet.datapath.ConnectionView;
import io.ovenet.datapath.Datapath;
import io.ovenet.flow.ConnectionSource;
import java.util.function.Consumer;

/** The datapath's table of connections. */
final class KernelConnections implements ConnectionSource {
  private final BpfMap map;

  KernelConnections(Datapath datapath) {
    map = datapath.map("conntrack_map");
  }

  @Override
  public void forEach(Consumer<ConnectionView> each) {
    var view = new ConnectionView();
    map.forEach((key, entry) -> each.accept(view.at(key, entry)));
  }
}
