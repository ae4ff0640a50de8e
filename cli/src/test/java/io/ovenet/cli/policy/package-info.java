@NullMarked
package io.ovenet.cli.policy;

import org.jspecify.annotations.NullMarked;
