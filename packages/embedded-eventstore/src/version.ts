/** The version of EventStoreDB that this server emulates; clients derive the supported features from it. */
export const VERSION = '24.10.0';
