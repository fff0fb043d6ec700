// Addresses of the page: they stand behind the `#`, because the paths before it are the API's.

export function address() {
  const [path, search = ""] = decodeURI(location.hash.slice(1) || "/").split(/\?(.*)/s);
  return { path, query: new URLSearchParams(search) };
}

// Write an address; queries that are null or empty are left out.
export function link(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `#${path}${search ? `?${search}` : ""}`;
}

// Go to an address; with `replace` the way back leads to what was before this one.
export function go(path, { query = {}, replace = false } = {}) {
  const href = link(path, query);
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  dispatchEvent(new Event("popstate"));
}

// Call `show(route, {path, params, query, signal})` for each address; the signal aborts when the next one comes, unless
// `stays({path, query})` says that what is shown can follow to that one by itself.
export function follow(routes, show, stays) {
  let leaving = new AbortController();
  const arrive = () => {
    const { path, query } = address();
    if (stays({ path, query })) return;
    for (const route of routes) {
      const found = path.match(route.path);
      if (!found && route !== routes.at(-1)) continue;
      leaving.abort();
      leaving = new AbortController();
      show(route, { path, params: found?.groups ?? {}, query, signal: leaving.signal });
      return;
    }
  };
  addEventListener("popstate", arrive);
  return arrive;
}
