package io.ovenet.flow;

/**
 * Events that the kernel's ring had no room for.
 *
 * @param time when it was found out
 * @param first when there were none missing for the last time
 * @param events how many, exactly
 */
public record KernelLoss(long sequence, long time, long first, long events) implements RingEntry {
  @Override
  public int bytes() {
    return 56;
  }
}
