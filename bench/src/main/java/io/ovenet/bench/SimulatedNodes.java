package io.ovenet.bench;

import io.ovenet.agent.AgentConfig;
import io.ovenet.agent.ControlPlane;
import io.ovenet.agent.LocalEndpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A process with the control planes of some nodes. Says {@code following NODE NANOS} when one knows
 * all, {@code ready} when all do, and from the first ones {@code known NODE ADDRESS NANOS} and
 * {@code gone NODE ADDRESS NANOS} for pods that come and go; NANOS is {@link System#nanoTime},
 * which is one clock for all processes of a machine. Ends when its standard input does.
 */
final class SimulatedNodes {
  private SimulatedNodes() {}

  /** Says what a node hears of pods that come and go. */
  private record Reporter(String node, boolean reports) implements ControlPlane.Addresses {
    @Override
    public void known(InetAddress address, int identity) {
      say("known", address);
    }

    @Override
    public void forgotten(InetAddress address) {
      say("gone", address);
    }

    private void say(String what, InetAddress address) {
      if (reports && SimulatedCluster.isChurn(address.getHostAddress())) {
        SimulatedNodes.say(
            what + " " + node + " " + address.getHostAddress() + " " + System.nanoTime());
      }
    }
  }

  private static void say(String line) {
    synchronized (System.out) {
      System.out.println(line);
      System.out.flush();
    }
  }

  /**
   * Arguments: kubeconfig, directory for the nodes' state, the first node, how many, how many of
   * them report; nodes, workloads and machines of the cluster.
   */
  public static void main(String[] arguments) throws Exception {
    Path kubeconfig = Path.of(arguments[0]);
    Path directory = Path.of(arguments[1]);
    int first = Integer.parseInt(arguments[2]);
    int count = Integer.parseInt(arguments[3]);
    int reporters = Integer.parseInt(arguments[4]);
    var cluster =
        new SimulatedCluster(
            Integer.parseInt(arguments[5]),
            Integer.parseInt(arguments[6]),
            Integer.parseInt(arguments[7]));
    var opened = new ArrayDeque<ControlPlane>();
    try {
      List<Future<?>> following = new ArrayList<>();
      try (var threads = Executors.newFixedThreadPool(count)) {
        for (int i = 0; i < count; i++) {
          int node = first + i;
          ControlPlane plane = plane(kubeconfig, directory, node, i < reporters);
          opened.push(plane);
          for (LocalEndpoint endpoint : cluster.endpoints(node)) {
            plane.add(endpoint);
          }
          following.add(
              threads.submit(
                  () -> {
                    plane.follow();
                    say("following " + SimulatedCluster.node(node) + " " + System.nanoTime());
                    return null;
                  }));
        }
        for (Future<?> each : following) {
          each.get();
        }
      }
      say("ready");
      System.in.readAllBytes();
    } catch (ExecutionException e) {
      throw new IOException("a node could not follow: " + e.getCause(), e);
    } finally {
      while (!opened.isEmpty()) {
        opened.pop().close();
      }
    }
    System.exit(0);
  }

  private static ControlPlane plane(Path kubeconfig, Path directory, int node, boolean reports)
      throws IOException {
    String name = SimulatedCluster.node(node);
    var config =
        AgentConfig.parse(
            List.of(
                "--kubeconfig=" + kubeconfig,
                "--node-name=" + name,
                "--enable-cilium-endpoint-slice=true"));
    return new ControlPlane(
        config, Files.createDirectories(directory.resolve(name)), new Reporter(name, reports));
  }
}
