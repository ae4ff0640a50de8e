package io.ovenet.prove;

import java.io.IOException;

/**
 * The proof as a process, whose class path may begin with a planted fault. Arguments: seed, worlds
 * without the kernel, worlds with it. Exit 0: all agreed; {@link #FOUND}: they did not; anything
 * else: it could not be tried.
 */
public final class FaultTrial {
  /** Exit status where a fault was found; not one that a process that broke ends with. */
  public static final int FOUND = 3;

  private FaultTrial() {}

  public static void main(String[] args) throws IOException {
    var proof = new Proof(Long.parseLong(args[0]));
    var worlds = Integer.parseInt(args[1]);
    var kernelWorlds = Integer.parseInt(args[2]);
    var found = false;
    try (var devices = new Devices()) {
      found = fails(proof, worlds, kernelWorlds, devices);
    }
    System.exit(found ? FOUND : 0);
  }

  private static boolean fails(Proof proof, int worlds, int kernelWorlds, Devices devices) {
    try {
      for (var i = 0; i < worlds; i++) {
        proof.world();
      }
      for (var i = 0; i < kernelWorlds; i++) {
        proof.world(devices);
      }
    } catch (RuntimeException | AssertionError e) {
      // Whatever it is: without the fault there is none of it.
      System.out.println("found in " + proof.coverage());
      System.out.println(e);
      return true;
    }
    System.out.println("nothing found in " + proof.coverage());
    return false;
  }
}
