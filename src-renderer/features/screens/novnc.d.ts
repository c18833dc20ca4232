/** What Berth uses of noVNC 1.7, which brings no types. Source: docs/API.md of the package. */
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    /** `channel`: anything with the face of a WebSocket or RTCDataChannel (core/websock.js). */
    constructor(target: HTMLElement, channel: object, options?: { readonly shared?: boolean });
    background: string;
    clipViewport: boolean;
    /** 0 to 9: none to most. */
    compressionLevel: number;
    focusOnClick: boolean;
    /** Of JPEG, 0 to 9. */
    qualityLevel: number;
    resizeSession: boolean;
    scaleViewport: boolean;
    viewOnly: boolean;
    approveServer(): void;
    blur(): void;
    clipboardPasteFrom(text: string): void;
    disconnect(): void;
    focus(options?: FocusOptions): void;
    sendCredentials(credentials: { readonly username?: string; readonly password?: string }): void;
    sendCtrlAltDel(): void;
    /** `isDown` absent: pressed and let go. */
    sendKey(keysym: number, code: string | null, isDown?: boolean): void;
    toBlob(callback: (blob: Blob | null) => void, type?: string): void;
  }
}
