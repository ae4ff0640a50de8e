package io.ovenet.lab;

import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A shell in a virtual machine, or one command there. */
@Command(
    name = "console",
    description = "A shell on a virtual machine's serial console; with a command, run that in it.",
    mixinStandardHelpOptions = true)
final class ConsoleCommand implements Callable<Integer> {
  /** Ctrl-], as telnet and virsh have it. */
  private static final int ESCAPE = 0x1d;

  @Mixin private LabOptions lab = new LabOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--timeout",
      defaultValue = "60",
      paramLabel = "SECONDS",
      description = "After which a command is killed (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Parameters(index = "0", paramLabel = "VM", description = "namespace/name, or a machine's name.")
  private String target = "";

  @Parameters(index = "1..*", arity = "0..*", paramLabel = "CMD", description = "What to run.")
  private List<String> command = List.of();

  @Override
  public Integer call() throws IOException, InterruptedException {
    LabStatus.VirtualMachine machine = Lookup.machine(lab.status(), target);
    String who = machine.namespace() + "/" + machine.name();
    if (machine.console() == null || machine.commands() == null) {
      throw new LabException(who + " does not run: see `ovenet lab status`");
    }
    if (!command.isEmpty()) {
      if (!machine.phase().equals("Running")) {
        throw new LabException(who + " is " + machine.phase() + ", its guest is not up yet");
      }
      GuestCommands.Outcome outcome =
          GuestCommands.run(Path.of(machine.commands()), command, Duration.ofSeconds(seconds));
      PrintWriter out = spec.commandLine().getOut();
      out.print(outcome.output());
      out.flush();
      spec.commandLine().getErr().print(outcome.errors());
      spec.commandLine().getErr().flush();
      return outcome.exitCode();
    }
    interact(Path.of(machine.console()));
    return 0;
  }

  private static void interact(Path socket) throws IOException, InterruptedException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      boolean terminal = interactive(System.console());
      System.err.println("Connected; Ctrl-] leaves.");
      Thread restore = new Thread(() -> stty("sane"), "restore-terminal");
      if (terminal) {
        Runtime.getRuntime().addShutdownHook(restore);
        stty("raw -echo");
      }
      Thread showing = Thread.ofVirtual().start(() -> show(channel));
      type(channel, System.in);
      if (!terminal) {
        // What was piped in is answered for as long as the guest has something to say.
        showing.join(Duration.ofSeconds(2));
      }
      channel.shutdownInput();
      showing.join();
    }
  }

  private static boolean interactive(@Nullable Console console) {
    return console != null && console.isTerminal();
  }

  private static void type(SocketChannel channel, InputStream in) throws IOException {
    channel.write(ByteBuffer.wrap(new byte[] {'\n'}));
    byte[] typed = new byte[256];
    int count;
    while ((count = in.read(typed)) > 0) {
      for (int i = 0; i < count; i++) {
        if (typed[i] == ESCAPE) {
          return;
        }
      }
      channel.write(ByteBuffer.wrap(typed, 0, count));
    }
  }

  private static void show(SocketChannel channel) {
    OutputStream out = System.out;
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    try {
      while (channel.read(buffer) >= 0) {
        out.write(buffer.array(), 0, buffer.position());
        out.flush();
        buffer.clear();
      }
      System.err.println("\r\nDisconnected.");
    } catch (IOException e) {
      if (channel.isOpen()) {
        System.err.println("\r\nThe console broke off: " + e.getMessage());
      }
    }
  }

  private static void stty(String modes) {
    try {
      int code = new ProcessBuilder(LabPlan.words("stty " + modes)).inheritIO().start().waitFor();
      if (code != 0) {
        System.err.println("stty " + modes + " failed with " + code);
      }
    } catch (IOException e) {
      System.err.println("cannot set the terminal: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
