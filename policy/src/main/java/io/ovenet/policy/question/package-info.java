/** Questions about policy, answered from who there is and what policies say. Pure. */
@NullMarked
package io.ovenet.policy.question;

import org.jspecify.annotations.NullMarked;
