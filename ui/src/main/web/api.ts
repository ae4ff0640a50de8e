/** A question that was not answered: what is the matter, and what to do. */
export class ApiError extends Error {
  readonly code: number;
  readonly remedy: string;

  constructor(code: number, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

export type Parameters = Record<string, string | undefined>;

export function query(parameters: Parameters): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) search.set(name, value);
  const text = search.toString();
  return text === "" ? "" : "?" + text;
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch("/api/" + path, init);
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === "AbortError") throw failure;
    throw new ApiError(0, "The page's server doesn't answer.", "Is `ovenet ui` still running?");
  }
  const answer: unknown = await response.json();
  if (!response.ok) {
    const { error, remedy } = answer as { error?: string; remedy?: string };
    throw new ApiError(response.status, error ?? `the server answered ${response.status}`, remedy ?? "");
  }
  return answer as T;
}

export function get<T>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
  return ask<T>(path + query(parameters), signal ? { signal } : {});
}

export function post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  return ask<T>(path, signal ? { ...init, signal } : init);
}
