/** @file Where models run: in this browser or on the server. */

import type { JSX } from "preact";
import { goTo, type Place, server, wantedPlace } from "../state/place.js";
import { Icon, type IconName } from "./icons.js";

const places: readonly { readonly value: Place; readonly name: string; readonly icon: IconName }[] = [
  { value: "browser", name: "This browser", icon: "device" },
  { value: "server", name: "Server", icon: "server" },
];

export function PlaceSwitch(): JSX.Element {
  return (
    <fieldset class="place">
      <legend class="visually-hidden">Where models run</legend>
      <div class="segments">
        {places.map(({ value, name, icon }) => (
          <label key={value}>
            <input
              type="radio"
              name="place"
              value={value}
              checked={wantedPlace.value === value}
              onChange={() => void goTo(value)}
            />
            <Icon name={icon} />
            {value === "server" && server.value === "none" ? "No server" : name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
