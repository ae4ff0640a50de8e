package io.ovenet.lab;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What there is to know about a lab at one moment, as `ovenet lab status --json` prints it. Written
 * by the lab's own process alone, as a whole; read by everybody else.
 *
 * @param state `starting`, `ready` or `failed`
 * @param pid of the lab's process
 * @param progress what has been done so far, in words
 * @param failure why it failed, with the remedy
 * @param api null before it listens
 * @param outside null before it is made
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record LabStatus(
    String name,
    String state,
    long pid,
    List<String> progress,
    @Nullable String failure,
    @Nullable Api api,
    @Nullable Outside outside,
    List<Node> nodes,
    List<Pod> pods,
    List<VirtualMachine> vms) {
  /**
   * The lab's API server.
   *
   * @param kubeconfig for clients on this machine
   * @param port on 127.0.0.1
   * @param page the web page's address; null where it doesn't run
   */
  public record Api(String kubeconfig, int port, @Nullable String page) {}

  /**
   * The world outside the cluster: a namespace on the nodes' own network.
   *
   * @param pid the first process of its namespaces
   * @param address on the underlay
   */
  public record Outside(long pid, String address) {}

  /**
   * A node of the lab.
   *
   * @param pid the first process of the node's namespaces
   * @param address on the underlay
   * @param hubbleSocket the node's /var/run/cilium/hubble.sock, as reached from outside
   * @param hubbleAddress host:port in the underlay's namespace
   * @param relaySocket the relay over all nodes, as reached from outside; null where it doesn't run
   * @param podCidr null until the operator has given one
   */
  public record Node(
      String name,
      long pid,
      String address,
      String hubbleSocket,
      String hubbleAddress,
      @Nullable String relaySocket,
      @Nullable String podCidr,
      String agentLog) {}

  /**
   * A pod, virtual machines' launchers included.
   *
   * @param identity of the pod's endpoint, null until the agent has published it
   * @param pid the process that holds the pod's namespaces, 0 while there is none
   * @param root the pod's root directory as seen in its mount namespace
   * @param cgroup that a process run in the pod joins
   */
  public record Pod(
      String namespace,
      String name,
      @Nullable String ip,
      @Nullable Long identity,
      @Nullable String node,
      String phase,
      long pid,
      String root,
      String cgroup,
      @Nullable String log) {}

  /**
   * A virtual machine and where its guest is reached.
   *
   * @param pod of the virtual machine, null while there is none
   * @param console the socket of the first serial port, as reached from outside
   * @param commands the socket of the second, by which commands are run
   */
  public record VirtualMachine(
      String namespace,
      String name,
      String phase,
      @Nullable String ip,
      @Nullable Long identity,
      @Nullable String node,
      @Nullable String pod,
      @Nullable String console,
      @Nullable String commands) {}

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  static Optional<LabStatus> read(Path file) throws IOException {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), LabStatus.class));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** The API's kubeconfig, or a dash before there is one. */
  String kubeconfig() {
    return api == null ? "-" : api.kubeconfig();
  }

  String json() throws IOException {
    return JSON.writeValueAsString(this);
  }

  /** Replaces the file as a whole: a reader sees the old or the new. */
  void write(Path file) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(fresh, json());
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
