package io.ovenet.cli.policy;

import io.ovenet.kubernetes.eval.Engine;
import io.ovenet.kubernetes.eval.Evaluator;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ovenet policy eval}. */
@Command(
    name = "eval",
    description = {
      "Decides in bulk: one world a line in, its answers a line out, in order.",
      "A world is a JSON object with identities, policies and questions: docs/policy-eval.md."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:every line, object and question could be read",
      "1:some could not; their answers say which and why",
      "2:wrong arguments",
      "3:the two engines disagree (--engine both)"
    })
final class EvalCommand implements Callable<Integer> {
  private static final int LONGEST = 64 << 20;

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      description = "Worlds, one a line; standard input by default.")
  private @Nullable Path file;

  @Option(
      names = "--engine",
      paramLabel = "ENGINE",
      defaultValue = "compiled",
      description =
          "Who decides: compiled (the tables that the agent puts into the kernel), naive (an"
              + " evaluator that reads each document again), or both, which are compared. Default:"
              + " ${DEFAULT-VALUE}.")
  private Engine engine = Engine.COMPILED;

  @Override
  public Integer call() throws IOException {
    try (InputStream in = file == null ? System.in : Files.newInputStream(file);
        OutputStream out =
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16)) {
      return run(in, out, engine, LONGEST);
    }
  }

  /**
   * Answers until the input ends; what is answered is out before the input is waited for.
   *
   * @param longest length of a line, in bytes, beyond which it is not read
   * @return the exit status
   */
  static int run(InputStream in, OutputStream out, Engine engine, int longest) throws IOException {
    Evaluator evaluator = new Evaluator(engine);
    byte[] chunk = new byte[1 << 16];
    byte[] line = new byte[1 << 16];
    int length = 0;
    boolean tooLong = false;
    int read = 0;
    while (read >= 0) {
      if (in.available() == 0) {
        out.flush();
      }
      read = in.read(chunk);
      int next = 0;
      while (next < read || (read < 0 && next == 0)) {
        int end = endOfLine(chunk, next, Math.max(read, 0));
        if (length + end - next > longest) {
          tooLong = true;
        } else {
          if (length + end - next > line.length) {
            line = Arrays.copyOf(line, Math.max(length + end - next, 2 * line.length));
          }
          System.arraycopy(chunk, next, line, length, end - next);
          length += end - next;
        }
        if (end < read || read < 0) {
          if (tooLong) {
            write(out, evaluator.tooLong(longest));
          } else if (!isBlank(line, length)) {
            write(out, evaluator.answer(line, 0, length));
          }
          length = 0;
          tooLong = false;
        }
        next = end + 1;
      }
    }
    out.flush();
    return evaluator.disagreed() ? 3 : evaluator.failed() ? 1 : 0;
  }

  private static int endOfLine(byte[] chunk, int from, int to) {
    int end = from;
    while (end < to && chunk[end] != '\n') {
      end++;
    }
    return end;
  }

  private static boolean isBlank(byte[] line, int length) {
    for (int i = 0; i < length; i++) {
      if (line[i] > ' ' || line[i] < 0) {
        return false;
      }
    }
    return true;
  }

  private static void write(OutputStream out, byte[] answer) throws IOException {
    out.write(answer);
    out.write('\n');
  }
}
