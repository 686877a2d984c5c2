/** @file The camera, or the reason why it cannot be used. */

export type CameraFault = "none" | "refused" | "insecure" | "busy";

/** @throws {DOMException} as `getUserMedia` does */
export async function openCamera(): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) throw new DOMException("no secure context", "SecurityError");
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 640 }, height: { ideal: 480 } },
  });
}

export function faultOf(error: unknown): CameraFault {
  switch ((error as DOMException).name) {
    case "NotAllowedError":
      return "refused";
    case "SecurityError":
      return "insecure";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    default:
      return "busy";
  }
}
