@NullMarked
package io.ovenet.kubernetes.policy;

import org.jspecify.annotations.NullMarked;
