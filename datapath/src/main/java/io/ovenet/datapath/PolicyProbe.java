package io.ovenet.datapath;

import io.ovenet.bpf.BpfProgram;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks the kernel what it decides, by its own lookups in the maps as they stand and without a
 * packet: no connection, event or count is left. Thread-safe.
 */
public final class PolicyProbe {
  /** Of the frame, an Ethernet type that nothing on the way looks into (IEEE 802, local use). */
  private static final int TYPE_AT = 12;

  private static final short LOCAL_EXPERIMENTAL = (short) 0x88b5;
  private static final byte[] NO_CONTEXT = {};

  private final BpfProgram program;

  /**
   * By the program {@code verify_policy}, which stays the caller's.
   *
   * @see Datapath#probe
   */
  PolicyProbe(BpfProgram program) {
    this.program = program;
  }

  /**
   * Asks; answers are in the same order.
   *
   * @throws io.ovenet.bpf.BpfException if the kernel refuses the run
   */
  public List<PolicyQuestion.Answer> ask(List<PolicyQuestion> questions) {
    List<PolicyQuestion.Answer> answers = new ArrayList<>(questions.size());
    for (int from = 0; from < questions.size(); from += PolicyQuestion.MOST) {
      int to = Math.min(questions.size(), from + PolicyQuestion.MOST);
      askAtOnce(questions.subList(from, to), answers);
    }
    return answers;
  }

  private void askAtOnce(List<PolicyQuestion> questions, List<PolicyQuestion.Answer> answers) {
    byte[] frame = new byte[PolicyQuestion.FIRST + questions.size() * PolicyQuestion.SIZE];
    MemorySegment bytes = MemorySegment.ofArray(frame);
    bytes.set(Bytes.U16_BE, TYPE_AT, LOCAL_EXPERIMENTAL);
    for (int i = 0; i < questions.size(); i++) {
      questions.get(i).write(bytes, at(i));
    }
    MemorySegment back =
        MemorySegment.ofArray(program.testRun(frame, NO_CONTEXT, /* repeat= */ 1).packet());
    for (int i = 0; i < questions.size(); i++) {
      if (!PolicyQuestion.isAnswered(back, at(i))) {
        throw new IllegalStateException(program + " left question " + i + " without an answer");
      }
      answers.add(PolicyQuestion.Answer.read(back, at(i)));
    }
  }

  private static long at(int index) {
    return PolicyQuestion.FIRST + (long) index * PolicyQuestion.SIZE;
  }
}
