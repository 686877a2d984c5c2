/** @file A sentence that needs attention. */

import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icons.js";

interface NoticeProps {
  readonly kind?: "plain" | "differs" | "wrong";
  readonly icon?: IconName;
  readonly children: ComponentChildren;
}

export function Notice({
  kind = "plain",
  icon = kind === "plain" ? "info" : "warning",
  children,
}: NoticeProps): JSX.Element {
  return (
    <div class={`notice ${kind}`} role={kind === "wrong" ? "alert" : undefined}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}
