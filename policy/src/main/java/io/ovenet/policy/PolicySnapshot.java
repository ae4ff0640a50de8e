package io.ovenet.policy;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All policy of a node at one moment. Immutable, safe for any thread.
 *
 * <p>To bring it into force without a moment of other access, in this order: prefixes without an
 * identity get one (then compile again); entries of new classes in every policy; identities moved;
 * other entries; endpoints switched.
 */
public final class PolicySnapshot {
  static final PolicySnapshot EMPTY =
      new PolicySnapshot(
          IdentityClasses.EMPTY,
          Map.of(),
          List.of(),
          PrefixesInUse.Change.NONE,
          List.of(),
          Map.of());

  private final IdentityClasses classes;
  private final Map<PolicySubject, CompiledPolicy> policies;
  private final List<Cidr> prefixes;
  private final PrefixesInUse.Change change;
  private final List<ClassSplit> splits;
  private final Map<Cidr, Integer> moved;

  /**
   * A class that was split off another by this compile.
   *
   * @param identityClass the new number
   * @param parent the class its identities were in
   */
  public record ClassSplit(int identityClass, int parent) {}

  PolicySnapshot(
      IdentityClasses classes,
      Map<PolicySubject, CompiledPolicy> policies,
      List<Cidr> prefixes,
      PrefixesInUse.Change change,
      List<ClassSplit> splits,
      Map<Cidr, Integer> moved) {
    this.moved = moved;
    this.classes = classes;
    this.policies = policies;
    this.prefixes = prefixes;
    this.change = change;
    this.splits = splits;
  }

  public IdentityClasses classes() {
    return classes;
  }

  /**
   * Of endpoints with these labels, without named ports and enforced; null if the engine was not
   * told of them.
   */
  public @Nullable CompiledPolicy policyOf(Labels subject) {
    return policyOf(PolicySubject.of(subject));
  }

  /** The policy of such endpoints; null if the engine was not told of them. */
  public @Nullable CompiledPolicy policyOf(PolicySubject subject) {
    return policies.get(subject);
  }

  /** By subject. */
  public Map<PolicySubject, CompiledPolicy> policies() {
    return policies;
  }

  /**
   * The prefixes that rules in use name and that need a node-local identity each; sorted. Whole
   * families (/0) are not among them: what is in no prefix is the world.
   */
  public List<Cidr> prefixes() {
    return prefixes;
  }

  /** Those that came into use since the snapshot before; sorted. */
  public List<Cidr> prefixesAdded() {
    return change.added();
  }

  /** Those that went out of use since the snapshot before; sorted. */
  public List<Cidr> prefixesRemoved() {
    return change.removed();
  }

  /** Whether it is among {@link #prefixes}. */
  public boolean isInUse(Cidr prefix) {
    return Collections.binarySearch(prefixes, prefix) >= 0;
  }

  /**
   * Addresses for which another number than before stands in class_map's key, and which: 0 for the
   * identity's own. Since the snapshot before.
   */
  public Map<Cidr, Integer> moved() {
    return moved;
  }

  /** Classes split off since the snapshot before, in order. */
  public List<ClassSplit> splits() {
    return splits;
  }
}
