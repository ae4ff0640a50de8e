/** Questions about a cluster's policies as people put them, and their answers in words. */
@NullMarked
package io.ovenet.kubernetes.question;

import org.jspecify.annotations.NullMarked;
