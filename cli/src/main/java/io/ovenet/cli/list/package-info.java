/** What nodes have in their tables, by names. */
@NullMarked
package io.ovenet.cli.list;

import org.jspecify.annotations.NullMarked;
