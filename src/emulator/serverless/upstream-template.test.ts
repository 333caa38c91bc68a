import { expect, test } from "vitest";
import { checkTemplates, type UpstreamTemplate } from "./upstream-template.js";

const urlTemplate = "http://localhost/{hub}/{category}/{event}";
const check = (template: unknown) => checkTemplates([{ urlTemplate }, template as UpstreamTemplate]);

test.each([
  [{}, "upstream template 2 has no urlTemplate; give the URL that events are sent to."],
  [null, "upstream template 2 has no urlTemplate; give the URL that events are sent to."],
  [{ urlTemplate: "/path" }, "upstream template 2 is no absolute http or https URL when its places are filled in."],
  [
    { urlTemplate: "ftp://host/" },
    "upstream template 2 is no absolute http or https URL when its places are filled in.",
  ],
  [
    { urlTemplate: "https://host/?code={@Microsoft.KeyVault(SecretUri=https://a.vault.azure.net/secrets/b/c)}" },
    "upstream template 2 refers to Azure Key Vault, which the emulator cannot ask; write the value itself.",
  ],
  [
    { urlTemplate, hubPattern: 5 },
    "upstream template 2 has a hubPattern that is no text; give *, a name, or names separated by commas.",
  ],
])("%j is refused", (template, message) => {
  expect(() => check(template)).toThrow(message);
});

test("no error shows a URL, whose query may hold a secret", () => {
  expect(() => check({ urlTemplate: "host/?code=secret" })).toThrow(/^(?!.*secret).*$/);
});

test("the list has to be one", () => {
  expect(() => checkTemplates({} as never)).toThrow("upstream must be a list of templates, got object");
});

test.each([
  [undefined, ["a", "b", ""], ["a", "b", ""]],
  ["*", ["a", "b", ""], ["a", "b", ""]],
  [" a , B,", ["a", "b", "B", ""], ["a", "B", ""]],
  ["x,*", ["a"], ["a"]],
  ["", ["a", ""], [""]],
  [null, ["a", ""], []],
  ["a*", ["a", "ab", "a*"], ["a*"]],
] as const)("the pattern %j fits names exactly", (hubPattern, names, fitting) => {
  const [rule] = checkTemplates([{ urlTemplate, ...(hubPattern === undefined ? {} : { hubPattern }) }]);
  const fits = names.filter((hub) => rule?.matches({ hub, category: "messages", event: "e" }));
  expect(fits).toEqual(fitting);
});

test("places are filled with names that are escaped, whatever they hold", () => {
  const [rule] = checkTemplates([{ urlTemplate }]);
  const url = rule?.url({ hub: "a/../b", category: "messages", event: "$&{hub}\ud800" });
  expect(url?.href).toBe("http://localhost/a%2F..%2Fb/messages/%24%26%7Bhub%7D%EF%BF%BD");
});
