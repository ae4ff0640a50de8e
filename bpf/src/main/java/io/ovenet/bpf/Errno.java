package io.ovenet.bpf;

/** The kernel's error numbers (asm-generic/errno.h) that mean something to callers. */
public final class Errno {
  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int EINTR = 4;
  public static final int E2BIG = 7;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int ENOMEM = 12;
  public static final int EACCES = 13;
  public static final int EFAULT = 14;
  public static final int EBUSY = 16;
  public static final int EEXIST = 17;
  public static final int ENODEV = 19;
  public static final int EINVAL = 22;
  public static final int ENOSPC = 28;
  public static final int ERANGE = 34;
  public static final int ENOSYS = 38;
  public static final int ENOLINK = 67;
  public static final int EOPNOTSUPP = 95;
  public static final int ENOBUFS = 105;

  /** Internal to the kernel, yet it reaches user space from bpf(2)'s batch commands. */
  public static final int ENOTSUPP = 524;

  private Errno() {}

  /** The symbol and meaning of an error number, such as {@code ENOENT (no such entry)}. */
  public static String describe(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM (not permitted)";
      case ENOENT -> "ENOENT (no such entry)";
      case 3 -> "ESRCH (no such process or route)";
      case EINTR -> "EINTR (interrupted)";
      case 5 -> "EIO (input/output error)";
      case 6 -> "ENXIO (no such device or address)";
      case E2BIG -> "E2BIG (too big, or full)";
      case EBADF -> "EBADF (bad file descriptor)";
      case EAGAIN -> "EAGAIN (try again)";
      case ENOMEM -> "ENOMEM (out of memory)";
      case EACCES -> "EACCES (access denied)";
      case EFAULT -> "EFAULT (bad address)";
      case EBUSY -> "EBUSY (busy)";
      case EEXIST -> "EEXIST (exists already)";
      case ENODEV -> "ENODEV (no such device)";
      case 20 -> "ENOTDIR (not a directory)";
      case EINVAL -> "EINVAL (invalid argument)";
      case 24 -> "EMFILE (too many open files)";
      case ENOSPC -> "ENOSPC (no space left)";
      case 30 -> "EROFS (read-only file system)";
      case ERANGE -> "ERANGE (out of range)";
      case ENOSYS -> "ENOSYS (not in this kernel)";
      case 61 -> "ENODATA (no data)";
      case ENOLINK -> "ENOLINK (link is gone)";
      case EOPNOTSUPP -> "EOPNOTSUPP (not supported)";
      case 97 -> "EAFNOSUPPORT (address family not supported)";
      case 98 -> "EADDRINUSE (address in use)";
      case 99 -> "EADDRNOTAVAIL (no such address)";
      case 100 -> "ENETDOWN (network is down)";
      case 101 -> "ENETUNREACH (network unreachable)";
      case ENOBUFS -> "ENOBUFS (no buffer space)";
      case 107 -> "ENOTCONN (not connected)";
      case 110 -> "ETIMEDOUT (timed out)";
      case 113 -> "EHOSTUNREACH (no route to host)";
      case ENOTSUPP -> "ENOTSUPP (not supported)";
      default -> "errno " + errno;
    };
  }
}
