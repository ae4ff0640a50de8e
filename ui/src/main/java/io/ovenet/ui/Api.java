package io.ovenet.ui;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What is asked once and answered with JSON, by path. */
final class Api {
  private static final int MOST_ROWS = 5_000;

  private final FlowStore store;
  private final Live live;
  private final Questions questions;
  private final WhatIf whatIf;
  private final Inventory inventory;
  private final Pasts pasts;
  private final Tracing tracing;

  Api(
      FlowStore store,
      Live live,
      Questions questions,
      WhatIf whatIf,
      Inventory inventory,
      Pasts pasts,
      Tracing tracing) {
    this.pasts = pasts;
    this.tracing = tracing;
    this.store = store;
    this.live = live;
    this.questions = questions;
    this.whatIf = whatIf;
    this.inventory = inventory;
  }

  /**
   * Answers.
   *
   * @param path after {@code /api/}
   * @throws HttpFailure what could not be answered, with the remedy
   */
  Map<String, Object> answer(
      String method, String path, Map<String, String> parameters, byte[] body) {
    try {
      return method.equals("POST") ? post(path, Json.parse(body)) : get(path, parameters);
    } catch (ApiException e) {
      String remedy =
          switch (e.code()) {
            case 401 -> "the token has expired or is none: get a new one and start the page again";
            case 403 -> "the account that the page uses may not read this: give it that right";
            default -> "look at the API server's log";
          };
      throw new HttpFailure(e.code() == 403 ? 403 : 502, String.valueOf(e.getMessage()), remedy);
    } catch (StatusRuntimeException e) {
      throw failure(e.getStatus());
    } catch (IOException e) {
      throw new HttpFailure(
          502, String.valueOf(e.getMessage()), "is the API server up, and reachable from here?");
    } catch (Json.JsonException | IllegalArgumentException e) {
      throw new HttpFailure(400, String.valueOf(e.getMessage()), "");
    }
  }

  /** What the server's refusal means for who asked. */
  static HttpFailure failure(Status status) {
    String said = Objects.requireNonNullElse(status.getDescription(), "");
    return switch (status.getCode()) {
      case PERMISSION_DENIED -> new HttpFailure(403, said, "ask whoever runs the cluster for it");
      case UNAUTHENTICATED ->
          new HttpFailure(HttpFailure.UNAUTHORIZED, said, "sign in with a new token");
      default -> new HttpFailure(502, "the Hubble server: " + status.getCode(), "is the relay up?");
    };
  }

  private Map<String, Object> get(String path, Map<String, String> parameters) throws IOException {
    return switch (path) {
      case "state" -> live.state();
      case "map" -> live.map(parameters);
      case "past" -> live.past(pasts.around(number(parameters, "at", 0)), parameters);
      case "flows" -> flows(parameters);
      case "flow" -> flow(parameters.getOrDefault("id", ""));
      case "why" ->
          questions.why(
              parameters.getOrDefault("from", ""),
              parameters.getOrDefault("to", ""),
              parameters.getOrDefault("namespace", ""));
      case "policies" -> questions.policies();
      case "policy" ->
          questions.policy(
              parameters.getOrDefault("kind", ""),
              parameters.getOrDefault("namespace", ""),
              parameters.getOrDefault("name", ""));
      case "reach" -> questions.reach(parameters.getOrDefault("by", "namespace"));
      case "nodes" -> inventory.nodes();
      case "workloads" -> inventory.workloads();
      case "services" -> inventory.services();
      default -> throw new HttpFailure(404, "there is no /api/" + path, "");
    };
  }

  private Map<String, Object> post(String path, JsonObject body) throws IOException {
    return switch (path) {
      case "what-if" ->
          whatIf.answer(
              body.string("yaml"),
              body.strings("deleted"),
              Questions.groups(body.string("by")),
              Math.clamp(body.integer("hours"), 0, 24));
      case "trace" -> tracing.trace(body.string("from"), body.string("to"));
      default -> throw new HttpFailure(404, "there is no /api/" + path, "");
    };
  }

  private Map<String, Object> flows(Map<String, String> parameters) {
    int count = (int) number(parameters, "count", 500);
    List<Object> rows = new ArrayList<>();
    for (FlowView view :
        store.last(
            FlowQuery.of(parameters),
            Math.min(count, MOST_ROWS),
            number(parameters, "before", 0))) {
      rows.add(view.json());
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("flows", rows);
    answer.put("oldest", store.oldest());
    answer.put("newest", store.newest());
    return answer;
  }

  private static long number(Map<String, String> parameters, String name, long otherwise) {
    String text = parameters.getOrDefault(name, "");
    return text.matches("[0-9]{1,15}") ? Long.parseLong(text) : otherwise;
  }

  private Map<String, Object> flow(String id) {
    FlowView view = store.find(id);
    if (view == null) {
      throw new HttpFailure(
          404,
          "this flow is not kept any more",
          "the page keeps the newest flows; look for it with `ovenet hubble observe --uuid "
              + id
              + "`, or start the page with more --flows");
    }
    Map<String, Object> answer = new LinkedHashMap<>(view.json());
    answer.put("sourceLabels", List.copyOf(view.flow().getSource().getLabelsList()));
    answer.put("destinationLabels", List.copyOf(view.flow().getDestination().getLabelsList()));
    List<Object> policies = new ArrayList<>();
    view.policies()
        .forEach(
            policy ->
                policies.add(
                    Map.of(
                        "kind", policy.getKind(),
                        "namespace", policy.getNamespace(),
                        "name", policy.getName(),
                        "revision", policy.getRevision(),
                        "labels", List.copyOf(policy.getLabelsList()))));
    answer.put("decidedBy", policies);
    try {
      answer.put("why", questions.why(view));
    } catch (IOException e) {
      answer.put("whyFailure", String.valueOf(e.getMessage()));
    }
    return answer;
  }
}
