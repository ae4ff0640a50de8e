package io.ovenet.bpf;

/** Whether the key of an update has to be there (BPF_ANY, BPF_NOEXIST, BPF_EXIST). */
public enum UpdateMode {
  ANY(0),
  NO_EXIST(1),
  EXIST(2);

  final int flag;

  UpdateMode(int flag) {
    this.flag = flag;
  }
}
