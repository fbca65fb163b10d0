import { SECURITY_HEADERS } from "../answer.ts";

/** Text that stands in a page as it is, whatever it holds. */
export function escapeHtml(text: string): string {
  return visible(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Marks that turn or hide what stands beside them would show other arguments than those that are approved. */
function visible(text: string): string {
  return text.replaceAll(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (mark) => {
    return `\\u{${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}}`;
  });
}

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
*{box-sizing:border-box}
body{margin:0 auto;max-width:38rem;padding:1.25rem 1rem 3rem;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.35rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1rem;margin:1.5rem 0 .5rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0}
dt{opacity:.7}
dd{margin:0}
pre,textarea{width:100%;margin:0;padding:.75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--soft);font:.9rem/1.45 ui-monospace,monospace;white-space:pre-wrap;color:inherit}
textarea{min-height:9rem;resize:vertical}
input{width:100%;padding:.75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--soft);font:inherit;color:inherit}
label{display:block;margin:.75rem 0 .25rem}
button{width:100%;min-height:3rem;margin-top:.75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--soft);font:inherit;font-weight:600;color:inherit;cursor:pointer}
button:focus-visible,input:focus-visible,textarea:focus-visible,summary:focus-visible{outline:3px solid #4a90d9;outline-offset:2px}
button.yes{background:#1a7f37;border-color:#1a7f37;color:#fff}
button.no{background:#b42318;border-color:#b42318;color:#fff}
details{margin-top:1.25rem;border-top:1px solid var(--line);padding-top:.75rem}
summary{min-height:2rem;cursor:pointer}
.note{border-left:.25rem solid var(--line);padding:.5rem .75rem;margin:1rem 0}
small{opacity:.7}
`;

let styleHash: Promise<string> | undefined;

async function hashOfStyle(): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE)));
  return btoa(String.fromCharCode(...bytes));
}

/** A whole page. It runs no script, loads nothing, is framed by nobody, and tells nobody where it was. */
export async function pageAnswer(status: number, title: string, body: string): Promise<Response> {
  styleHash ??= hashOfStyle();
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
  return new Response(html, {
    status,
    headers: {
      ...SECURITY_HEADERS,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${await styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      "x-frame-options": "DENY",
      "x-robots-tag": "noindex",
    },
  });
}
