package io.ovenet.kubernetes;

/**
 * The object on whose behalf another one exists.
 *
 * @param controller whether it is the one that steers the object
 */
public record OwnerReference(
    String apiVersion, String kind, String name, String uid, boolean controller) {}
