package io.ovenet.lab.api;

/** Which objects of a resource a list, watch or collective deletion is about. */
record Selection(Resource resource, String namespace, LabelSelector labels, FieldSelector fields) {
  /**
   * What a request selects.
   *
   * @param name of a single object, "" for all
   * @throws ApiException 400 for a selector that can't be understood
   */
  static Selection of(Resource resource, String namespace, String name, Call call) {
    FieldSelector fields = FieldSelector.parse(resource.id(), call.parameter("fieldSelector"));
    if (!name.isEmpty()) {
      fields =
          new FieldSelector(java.util.List.of(new FieldSelector.Term("metadata.name", true, name)));
    }
    return new Selection(
        resource, namespace, LabelSelector.parse(call.parameter("labelSelector")), fields);
  }

  /** Whether an object may have been selected, whatever its labels and fields were. */
  boolean mayHaveMatched(Stored object) {
    return namespace.isEmpty() || namespace.equals(object.key().namespace());
  }

  boolean matches(Stored object) {
    return mayHaveMatched(object) && labels.matches(object.labels()) && fields.matches(object);
  }

  boolean everything() {
    return labels.terms().isEmpty() && fields.terms().isEmpty();
  }
}
