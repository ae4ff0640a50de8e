import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import type { Parameters } from "./api";
import { query } from "./api";

export interface Place {
  path: string;
  search: Record<string, string>;
}

function here(): Place {
  return { path: location.pathname, search: Object.fromEntries(new URLSearchParams(location.search)) };
}

const MOVED = "ovenet-moved";

/** Goes elsewhere on the page; `replace` keeps the way back as it was. */
export function go(path: string, search: Parameters = {}, replace = false): void {
  const url = path + query(search);
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  dispatchEvent(new Event(MOVED));
}

export function usePlace(): Place {
  const [place, set] = useState(here);
  useEffect(() => {
    const moved = () => set(here());
    addEventListener("popstate", moved);
    addEventListener(MOVED, moved);
    return () => {
      removeEventListener("popstate", moved);
      removeEventListener(MOVED, moved);
    };
  }, []);
  return place;
}

interface LinkProps {
  path: string;
  search?: Parameters;
  current?: boolean;
  class?: string;
  title?: string;
  children: ComponentChildren;
}

/** A link within the page: opened in a new tab it works as well. */
export function Link({ path, search = {}, current = false, children, ...rest }: LinkProps): JSX.Element {
  return (
    <a
      href={path + query(search)}
      aria-current={current ? "page" : undefined}
      {...rest}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(path, search);
      }}
    >
      {children}
    </a>
  );
}
