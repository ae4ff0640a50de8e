package io.ovenet.agent;

import io.ovenet.bpf.BpfException;
import io.ovenet.bpf.BpfProgram;
import io.ovenet.datapath.ProgramTimes;
import io.ovenet.metrics.MetricsText;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How long eBPF programs run, for Prometheus. Safe for any thread. */
final class ProgramMetrics {
  private static final Logger log = LoggerFactory.getLogger(ProgramMetrics.class);
  private static final List<String> PROGRAM = List.of("program");

  private final ProgramTimes times;
  private final AtomicBoolean told = new AtomicBoolean();

  ProgramMetrics(ProgramTimes times) {
    this.times = times;
  }

  void write(MetricsText to) {
    SortedMap<String, BpfProgram.Statistics> counted;
    try {
      counted = times.read();
    } catch (BpfException e) {
      if (told.compareAndSet(false, true)) {
        log.warn("how long eBPF programs run cannot be told: {}", e.getMessage());
      }
      return;
    }
    to.counter("ovenet_ebpf_program_runs", "Runs of a program in samples, one after each scrape.");
    counted.forEach(
        (program, of) -> sample(to, "ovenet_ebpf_program_runs_total", program, (double) of.runs()));
    to.counter("ovenet_ebpf_program_seconds", "How long these took.");
    counted.forEach(
        (program, of) ->
            sample(to, "ovenet_ebpf_program_seconds_total", program, of.nanos() / 1e9));
  }

  private static void sample(MetricsText to, String name, String program, double value) {
    to.sample(name, PROGRAM, new String[] {program}, value);
  }
}
