import { render, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get, post } from "./api";
import { FlowView } from "./flow";
import { FlowsView } from "./flows";
import { NodesView, ServicesView, WorkloadsView } from "./lists";
import { MapView } from "./map";
import { PoliciesView } from "./policies";
import { ReachView } from "./reach";
import { Link, usePlace, type Place } from "./router";
import { Failure, Nothing } from "./states";
import { TraceView } from "./trace";

// The graph library would add a style element, which the content security policy forbids; what it says is in style.css.
const marker = document.createElement("meta");
marker.id = "__________cytoscape_stylesheet";
document.head.append(marker);

const VIEWS = [
  ["/map", "Service map"],
  ["/flows", "Flows"],
  ["/policies", "Policies"],
  ["/reach", "Reach"],
  ["/trace", "Trace"],
  ["/workloads", "Pods and VMs"],
  ["/services", "Services"],
  ["/nodes", "Nodes"],
] as const;

interface Session {
  needed: boolean;
  known: boolean;
  /** Each signs in with his own Kubernetes token. */
  tenants: boolean;
}

function Page(): JSX.Element {
  const place = usePlace();
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const path = place.path === "/" ? "/map" : place.path;
  useEffect(() => {
    const ask = () =>
      void get<Session>("session").then(
        (told) => {
          setSession(told);
          setError(null);
        },
        (failure: unknown) => {
          if (failure instanceof ApiError) setError(failure);
        },
      );
    ask();
    addEventListener("ovenet-refused", ask);
    return () => removeEventListener("ovenet-refused", ask);
  }, []);
  useEffect(() => {
    document.title = `${VIEWS.find(([view]) => view === path)?.[1] ?? "Flow"} – Ovenet`;
  }, [path]);
  if (session !== null && session.needed && !session.known)
    return <SignIn tenants={session.tenants} onKnown={() => setSession({ ...session, known: true })} />;
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="bar">
        <Link path="/map" class="brand">
          Ovenet
        </Link>
        <nav aria-label="Views">
          {VIEWS.map(([view, title]) => (
            <Link key={view} path={view} current={path === view || (view === "/flows" && path.startsWith("/flow/"))}>
              {title}
            </Link>
          ))}
        </nav>
        {session?.needed ? <SignOut onGone={() => setSession({ ...session, known: false })} /> : null}
        <Theme />
      </header>
      <main id="main" tabIndex={-1}>
        {error === null ? null : <Failure error={error} />}
        <View path={path} place={place} />
      </main>
    </>
  );
}

function View({ path, place }: { path: string; place: Place }): JSX.Element {
  if (path.startsWith("/flow/")) return <FlowView id={decodeURIComponent(path.slice("/flow/".length))} />;
  switch (path) {
    case "/map":
      return <MapView place={place} />;
    case "/flows":
      return <FlowsView place={place} />;
    case "/policies":
      return <PoliciesView place={place} />;
    case "/reach":
      return <ReachView place={place} />;
    case "/trace":
      return <TraceView place={place} />;
    case "/workloads":
      return <WorkloadsView place={place} />;
    case "/services":
      return <ServicesView />;
    case "/nodes":
      return <NodesView />;
    default:
      return (
        <div class="view">
          <h1>Not here</h1>
          <Nothing what="There is no such view." remedy="Choose one above." />
        </div>
      );
  }
}

function paint(theme: string): void {
  if (theme === "") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  dispatchEvent(new Event("ovenet-theme"));
}

/** Light, dark, or as the system has it; kept in the browser. */
function Theme(): JSX.Element {
  const [theme, setTheme] = useState(() => localStorage.getItem("ovenet-theme") ?? "");
  useEffect(() => paint(theme), [theme]);
  const choose = (chosen: string) => {
    // At once, not with the next picture: the page may be left before that.
    if (chosen === "") localStorage.removeItem("ovenet-theme");
    else localStorage.setItem("ovenet-theme", chosen);
    setTheme(chosen);
  };
  return (
    <label class="theme">
      <span class="hidden">Colours</span>
      <select value={theme} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">as the system</option>
        <option value="light">light</option>
        <option value="dark">dark</option>
      </select>
    </label>
  );
}

function SignOut({ onGone }: { onGone: () => void }): JSX.Element {
  // What cannot be told to the server is over here all the same.
  return (
    <button type="button" onClick={() => void post<object>("session", { end: true }).then(onGone, onGone)}>
      Sign out
    </button>
  );
}

function SignIn({ tenants, onKnown }: { tenants: boolean; onKnown: () => void }): JSX.Element {
  const [token, setToken] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  return (
    <main class="sign-in">
      <h1>Ovenet</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          post<object>("session", { token }).then(onKnown, (failure: unknown) => {
            if (failure instanceof ApiError) setError(failure);
          });
        }}
      >
        <label>
          {tenants ? "Kubernetes token" : "Token"}{" "}
          <input
            type="password"
            autocomplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>{" "}
        <button type="submit">Sign in</button>
      </form>
      <p>
        {tenants
          ? "Your own Kubernetes token: you see what it may see. `kubectl create token NAME -n NAMESPACE` makes one."
          : "It is in the file that `ovenet ui` was started with (--token-file)."}
      </p>
      {error === null ? null : <Failure error={error} />}
    </main>
  );
}

// Before anything is drawn, so that nobody is dazzled first.
const chosen = localStorage.getItem("ovenet-theme");
if (chosen !== null) document.documentElement.dataset["theme"] = chosen;

const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
