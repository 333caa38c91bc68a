// Everything that comes from elsewhere becomes text (textContent), never markup.

export const byId = (id) => document.getElementById(id);

export function create(name, { text, data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  if (text !== undefined) element.textContent = text;
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/** Writes only what differs, so that a selection and a screen reader's place survive. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` stand for `items`, in their order. Elements are kept for as long as their item is
 * there: what has the focus, or is unfolded, stays so.
 */
export function showRows(parent, items, { keyOf, make, update }) {
  const kept = new Map();
  for (const element of [...parent.children]) {
    // Ids that others make up may repeat.
    if (kept.has(element.dataset.key)) element.remove();
    else kept.set(element.dataset.key, element);
  }
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = kept.get(key);
    if (element === undefined) {
      element = make(item);
      element.dataset.key = key;
    }
    kept.delete(key);
    update?.(element, item);
    if (element === at) at = at.nextElementSibling;
    else parent.insertBefore(element, at);
  }
  for (const element of kept.values()) element.remove();
}

export const count = (value) => value.toLocaleString("en-US");

export const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** The start of an id, enough to tell it from others at a glance. */
export const brief = (id) => (id.length > 10 ? `${id.slice(0, 8)}…` : id);
